using System.Globalization;
using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests;

public abstract class StatsTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Counts_and_workers_have_their_approved_shape()
    {
        folder.Write("jobs.jsonl", string.Concat(Enumerable.Repeat("{}\n", 1200)));
        await folder.RunAsync("enqueue", "note", "--jsonl", "jobs.jsonl", "--queue", "imports");
        await folder.EnqueueAsync("mail");
        await folder.EnqueueAsync("mail", "--queue", "imports");
        await folder.RunAsync("cancel", "1", "2");
        Approved.Text("stats-screen", (await folder.RunAsync("stats")).Good(), folder);
        await using var store = folder.OpenStore();
        var worker = await store.StartWorkerAsync(["imports", "default"], "mail", "note");
        await store.ClaimAsync(worker, "default", "mail");
        Approved.Json("stats-json", await folder.JsonAsync("stats"), folder);
        Approved.Json("workers-json", await folder.JsonAsync("workers", "list"), folder);
        var process = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        Approved.Table("workers-table", (await folder.RunAsync("workers", "list")).Good().Replace(process, "<process>"), folder);
        (await folder.RunAsync("stats")).Lines[^1].ShouldContain(process);
    }

    [Fact]
    public async Task An_empty_store_has_nothing_to_count()
    {
        await folder.EnqueueAsync("note");
        await folder.RunAsync("delete", "1");
        (await folder.RunAsync("workers", "list")).Good().ShouldBe("No worker is alive.\n");
        (await folder.RunAsync("workers", "list", "--json")).Good().ShouldBe("[]\n");
        (await folder.JsonAsync("stats")).GetProperty("states").GetProperty("pending").GetInt64().ShouldBe(0);
    }
}
