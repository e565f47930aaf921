using System.Text;
using System.Text.Json;
using Shouldly;
using Steadwork.Sqlite;
using Xunit;

namespace Steadwork.Cli.Tests;

/// <summary>A directory of its own for one test, and calls of the program in it.</summary>
internal sealed class CliFolder : IDisposable
{
    private const string StoreName = "steadwork.db";

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("steadwork-cli-");

    /// <summary>Where it is.</summary>
    public string Path => directory.FullName;

    /// <summary>The path of something in it.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file.</summary>
    public string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    /// <summary>Starts the program.</summary>
    public SteadworkProcess Start(params string[] arguments) => new(Path, arguments);

    /// <summary>Runs the program to its end.</summary>
    public Task<Ended> RunAsync(params string[] arguments) => RunWithAsync(null, arguments);

    /// <summary>Runs the program to its end with something on its standard input.</summary>
    public async Task<Ended> RunWithAsync(string? input, params string[] arguments)
    {
        using var process = new SteadworkProcess(Path, arguments, input is null ? null : Encoding.UTF8.GetBytes(input));
        return await process.EndAsync();
    }

    /// <summary>The JSON that a call prints, which must go well.</summary>
    public async Task<JsonElement> JsonAsync(params string[] arguments) =>
        JsonDocument.Parse((await RunAsync([.. arguments, "--json"])).Good()).RootElement;

    /// <summary>Enqueues a job through the program.</summary>
    public async Task<JobId> EnqueueAsync(params string[] arguments) =>
        new(long.Parse((await RunAsync(["enqueue", .. arguments])).Good()));

    /// <summary>The store that the program uses here by default, opened by the test itself.</summary>
    public SqliteStore OpenStore() => SqliteStore.Open(File(StoreName));

    /// <summary>How many files the directory holds.</summary>
    public void ShouldBeEmpty() => directory.EnumerateFileSystemInfos().Select(entry => entry.Name).ShouldBeEmpty();

    public void Dispose()
    {
        // What a failed test has left behind is worth a look.
        if (TestContext.Current.TestState?.Result is not TestResult.Failed)
            directory.Delete(recursive: true);
    }
}
