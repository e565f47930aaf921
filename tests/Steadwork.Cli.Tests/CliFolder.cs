using System.Text;
using System.Text.Json;
using Shouldly;
using Steadwork.Soak.Stores;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Cli.Tests;

/// <summary>A directory of its own for one test, and calls of the program in it.</summary>
internal sealed class CliFolder : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("steadwork-cli-");
    private readonly bool isDefault;

    /// <summary>A directory in which the program chooses its store itself.</summary>
    public CliFolder()
    {
        Store = new SqliteFile { Folder = Path };
        isDefault = true;
    }

    private CliFolder(Func<string, IStorePlace> placeIn) => Store = placeIn(Path);

    /// <summary>A directory in which the environment tells the program where the store is.</summary>
    public static CliFolder On<TStore>()
        where TStore : IStorePlace, new() => new(folder => new TStore { Folder = folder });

    /// <summary>The place of the store that calls in it use when nothing else is said.</summary>
    public IStorePlace Store { get; }

    /// <summary>What calls in it get into their environment. None is slow enough to tell how far it has come: the tests look at all that is said.</summary>
    public Dictionary<string, string> Variables
    {
        get
        {
            var variables = new Dictionary<string, string> { ["STEADWORK_PROGRESS"] = "1d" };
            if (!isDefault)
                variables["STEADWORK_STORE"] = Store.Url;
            return variables;
        }
    }

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

    /// <summary>Starts the program as a process.</summary>
    public SteadworkProcess Start(params string[] arguments) => new(Path, arguments, null, Variables);

    /// <summary>Runs the program to its end: without a process of its own, unless its verb is about processes.</summary>
    public Task<Ended> RunAsync(params string[] arguments) => RunWithAsync(null, arguments);

    /// <summary>Runs the program to its end with something on its standard input.</summary>
    public Task<Ended> RunWithAsync(string? input, params string[] arguments) => CallAsync(arguments, input is null ? null : Encoding.UTF8.GetBytes(input));

    /// <summary>Runs the program to its end.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="input">What it reads from standard input; null leaves it empty.</param>
    /// <param name="variables">Variables that it gets besides those of the folder, or instead of them.</param>
    public Task<Ended> CallAsync(string[] arguments, byte[]? input = null, params (string Name, string Value)[] variables)
    {
        var environment = Variables;
        foreach (var (name, value) in variables)
            environment[name] = value;
        return ProgramCall.IsPossible(arguments) ? ProgramCall.RunAsync(Path, arguments, input ?? [], environment) : AsProcessAsync(arguments, input, environment);
    }

    /// <summary>Runs the program to its end as a process, whatever its verb.</summary>
    public Task<Ended> AsProcessAsync(string[] arguments, byte[]? input = null) => AsProcessAsync(arguments, input, Variables);

    private async Task<Ended> AsProcessAsync(string[] arguments, byte[]? input, Dictionary<string, string> environment)
    {
        using var process = new SteadworkProcess(Path, arguments, input, environment);
        return await process.EndAsync();
    }

    /// <summary>The JSON that a call prints, which must go well.</summary>
    public async Task<JsonElement> JsonAsync(params string[] arguments) =>
        JsonDocument.Parse((await RunAsync([.. arguments, "--json"])).Good()).RootElement;

    /// <summary>Enqueues a job through the program.</summary>
    public async Task<JobId> EnqueueAsync(params string[] arguments) =>
        new(long.Parse((await RunAsync(["enqueue", .. arguments])).Good()));

    /// <summary>The store that the program uses here, opened by the test itself.</summary>
    public IStore OpenStore() => Store.Open();

    /// <summary>No call has made a store.</summary>
    public void ShouldHaveNoStore() => Store.IsTaken.ShouldBeFalse();

    /// <summary>No call has left anything behind.</summary>
    public void ShouldBeEmpty()
    {
        directory.EnumerateFileSystemInfos().Select(entry => entry.Name).ShouldBeEmpty();
        ShouldHaveNoStore();
    }

    public void Dispose()
    {
        Store.Dispose();
        // What a failed test has left behind is worth a look.
        if (TestContext.Current.TestState?.Result is not TestResult.Failed)
            directory.Delete(recursive: true);
    }
}
