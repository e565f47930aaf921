using System.Text;
using Shouldly;
using Steadwork.Tests.Workers;
using Xunit;

namespace Steadwork.Tests.Handlers;

/// <summary>The examples of docs/changing-payloads.md, which stand here word for word.</summary>
public sealed class ChangingPayloadsPageTests : IAsyncLifetime
{
    internal sealed record ImportNote(string Folder, string File);

    internal sealed class ImportNoteHandler : IJobHandler<ImportNote>
    {
        public Task HandleAsync(ImportNote job, JobContext context) =>
            (job.Folder, job.File) == ("notes", "a.md") ? Task.CompletedTask : throw new PermanentFailureException($"read {job}");
    }

    private readonly Workbench bench = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    [Fact]
    public Task A_renamed_type() => SucceedsAsync("note-import", """{"folder":"notes","file":"a.md"}""", t => t
        .AddHandler<ImportNote, ImportNoteHandler>("import-note", o => o.Aliases.Add("note-import"))
        );

    [Theory]
    [InlineData("""{"path":"notes/a.md"}""")]
    [InlineData("""{"$version":2,"folder":"notes","file":"a.md"}""")]
    public Task A_new_version(string payload) => SucceedsAsync("import-note", payload, t => t
        .AddHandler<ImportNote, ImportNoteHandler>("import-note", o =>
        {
            o.Version = 2;
            o.Upcast(fromVersion: 1, json =>
            {
                var path = (string)json["path"]!;
                json.Remove("path");
                json["folder"] = Path.GetDirectoryName(path);
                json["file"] = Path.GetFileName(path);
                return json;
            });
        })
        );

    [Fact]
    public void The_page_shows_what_is_tested_here()
    {
        var examples = Lines(File.ReadAllText(InRepository("docs/changing-payloads.md"))).Split("```csharp\n")[1..].Select(block => block[..block.IndexOf("```", StringComparison.Ordinal)]).ToList();
        examples.Count.ShouldBe(3);
        var here = Lines(File.ReadAllText(InRepository("tests/Steadwork.Tests/Handlers/ChangingPayloadsPageTests.cs")));
        examples.ShouldAllBe(example => here.Contains(example));
    }

    private async Task SucceedsAsync(string type, string payload, Action<SteadworkBuilder> configure)
    {
        var program = bench.Program(configure);
        await bench.StartAsync(scopes: program.Scopes, catalog: program.Catalog);
        var id = await bench.EnqueueAsync(type, job => job with { Payload = Encoding.UTF8.GetBytes(payload) });
        (await bench.UntilAsync(id, job => job.State.IsEnded())).LastError.ShouldBeNull();
    }

    /// <summary>Indents say nothing.</summary>
    private static string Lines(string text) => string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim()));

    private static string InRepository(string path) => Path.Combine(ArchitectureTests.Root, path);
}
