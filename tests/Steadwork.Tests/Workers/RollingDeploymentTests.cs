using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Steadwork.Tests.Workers;

/// <summary>Old and new workers side by side on one store.</summary>
public sealed class RollingDeploymentTests : IAsyncLifetime
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private static class Old
    {
        internal sealed record Note(string Path);
    }

    private static class New
    {
        internal sealed record Note(string Folder, string File);
    }

    private readonly Workbench bench = new();
    private readonly ConcurrentQueue<(JobId Job, string By, string Path)> runs = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    [Fact]
    public async Task Jobs_of_both_versions_run_once_each_by_a_worker_that_can_read_them()
    {
        var (old, young) = (OldProgram("note"), NewProgram("note", o => o.Version = 2));
        var first = await EnqueueAsync(old, young);
        var oldWorker = await bench.StartAsync(scopes: old.Scopes, catalog: old.Catalog);
        await UntilNothingIsDueAsync(first.All);
        runs.Count.ShouldBe(10);
        bench.Lines.All.Count(line => line.Event == 16).ShouldBe(10);

        await bench.StartAsync(scopes: young.Scopes, catalog: young.Catalog);
        var second = await EnqueueAsync(old, young);
        await UntilNothingIsDueAsync(second.All);
        bench.Clock.Advance(Pause);
        await UntilNothingIsDueAsync([.. first.All, .. second.All]);

        await oldWorker.StopAsync();
        bench.Clock.Advance(Pause);
        await AllRanOnceAsync([.. first.All, .. second.All]);
        runs.Where(run => run.By == "old").Select(run => run.Job).ShouldBeSubsetOf([.. first.OfOld, .. second.OfOld]);
    }

    [Fact]
    public async Task Jobs_under_both_names_run_once_each()
    {
        var (old, young) = (OldProgram("note-import"), NewProgram("note", o => { o.Aliases.Add("note-import"); o.Version = 2; }));
        var (ofOld, ofNew, all) = await EnqueueAsync(old, young);
        await bench.StartAsync(scopes: old.Scopes, catalog: old.Catalog);
        await UntilNothingIsDueAsync(ofOld);
        runs.Count.ShouldBe(10);
        await bench.StartAsync(scopes: young.Scopes, catalog: young.Catalog);
        await AllRanOnceAsync(all);
        runs.Where(run => run.By == "new").Select(run => run.Job).ShouldBe(ofNew, ignoreOrder: true);
        // The old worker does not know the name, and so is never given what it could not read.
        bench.Lines.All.ShouldNotContain(line => line.Event == 16);
    }

    private TypedProgram OldProgram(string name) => bench.Program(t => t.AddHandler<Old.Note>(name, (note, context) =>
    {
        runs.Enqueue((context.Id, "old", note.Path));
        return Task.CompletedTask;
    }));

    private TypedProgram NewProgram(string name, Action<JobTypeOptions> configure) => bench.Program(t => t.AddHandler<New.Note>(name, (note, context) =>
    {
        runs.Enqueue((context.Id, "new", Path.Combine(note.Folder, note.File)));
        return Task.CompletedTask;
    }, o =>
    {
        configure(o);
        o.Upcast(1, json => new JsonObject
        {
            ["folder"] = Path.GetDirectoryName((string)json["path"]!),
            ["file"] = Path.GetFileName((string)json["path"]!),
        });
    }));

    private static async Task<(IReadOnlyList<JobId> OfOld, IReadOnlyList<JobId> OfNew, IReadOnlyList<JobId> All)> EnqueueAsync(TypedProgram old, TypedProgram young)
    {
        var ofOld = await old.Jobs.EnqueueManyAsync(Enumerable.Repeat(new Old.Note("notes/a.md"), 10), (_, o) => o.MaxAttempts = 1);
        var ofNew = await young.Jobs.EnqueueManyAsync(Enumerable.Repeat(new New.Note("notes", "a.md"), 10), (_, o) => o.MaxAttempts = 1);
        return (ofOld, ofNew, [.. ofOld, .. ofNew]);
    }

    private async Task UntilNothingIsDueAsync(IEnumerable<JobId> jobs)
    {
        foreach (var id in jobs)
            await bench.UntilAsync(id, job => job.State.IsEnded() || (job.State is JobState.Pending && job.RunAt > bench.Clock.GetUtcNow()));
    }

    private async Task AllRanOnceAsync(IReadOnlyList<JobId> jobs)
    {
        foreach (var id in jobs)
        {
            var job = await bench.UntilAsync(id, JobState.Succeeded);
            (job.Attempt, job.Failures).ShouldBe((1, 0));
            (await bench.Store.AttemptsAsync(id, CancellationToken.None)).Count.ShouldBe(1);
        }
        runs.Select(run => run.Job).ShouldBe(jobs, ignoreOrder: true);
        runs.ShouldAllBe(run => run.Path == "notes/a.md");
    }
}
