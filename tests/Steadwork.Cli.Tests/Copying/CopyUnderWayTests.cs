using System.Text.Json;
using Shouldly;
using Steadwork.Cli.Tests.Running;
using Xunit;

namespace Steadwork.Cli.Tests.Copying;

/// <summary>A copy of a store in which workers are at work, or were.</summary>
public sealed class CopyUnderWayTests : IDisposable
{
    private const string Items = "a\nb\nc\nd\n";

    /// <summary>Nothing is claimed ahead, so that it is known what runs.</summary>
    private static readonly string[] Run = ["run", "--name", "list", "--delay", "1ms", "--json"];

    private readonly Workshop workshop = new();
    private readonly ServerStore server = new();

    public void Dispose()
    {
        server.Dispose();
        workshop.Dispose();
    }

    private RunningCommand StartRun(string store, int workers) =>
        workshop.StartSteadwork(Items, [.. Run, "--store", store, "--workers", workers.ToString(), .. Workshop.Gated]);

    private RunningCommand StartCopy(params string[] arguments) => workshop.StartSteadwork(null, ["copy", "--store", "sqlite:old.db", .. arguments]);

    private async Task ResumeAsync(string store, int done)
    {
        workshop.Gate.LetThrough(4 - done);
        using var run = StartRun(store, workers: 2);
        var ended = await run.EndAsync();
        ended.Error.ShouldBeEmpty();
        ended.Status.ShouldBe(0);
        JsonDocument.Parse(ended.Lines[^1]).RootElement.GetRawText().ShouldBe($$"""{"event":"finished","items":4,"succeeded":4,"failed":0,"remaining":0,"duplicates":0,"alreadyDone":{{done}}}""");
        workshop.Ledger.Order().ShouldBe(["a", "b", "c", "d"]);
    }

    [Fact]
    public async Task A_run_that_is_half_done_goes_on_at_the_end_of_a_round_trip()
    {
        using (var run = workshop.StartRun(Items, ["--name", "list", "--delay", "1ms", "--store", "sqlite:old.db", "--workers", "1", .. Workshop.Gated]))
        {
            using var a = await workshop.Begun.NextBeginningAsync();
            run.Send(RunningCommand.Interrupt);
            await run.NextErrorAsync("interrupted");
            workshop.Gate.LetThrough(1);
            (await run.EndAsync()).Status.ShouldBe(130);
        }

        (await workshop.Folder.RunAsync("copy", "--store", "sqlite:old.db", "--to", server.Url)).Good();
        (await workshop.Folder.RunAsync("copy", "--store", server.Url, "--to", "sqlite:new.db")).Good();

        await ResumeAsync("sqlite:new.db", done: 1);
    }

    [Fact]
    public async Task Workers_finish_what_they_run_and_begin_no_more()
    {
        using var run = StartRun("sqlite:old.db", workers: 2);
        using var first = await workshop.Begun.NextBeginningAsync();
        using var second = await workshop.Begun.NextBeginningAsync();

        using var copy = StartCopy("--to", server.Url);
        await copy.NextErrorAsync("2 jobs still run; waiting for 5m at the most");
        workshop.Gate.LetThrough(2);
        (await copy.EndAsync()).Status.ShouldBe(0);

        var ended = await run.EndAsync();
        ended.Status.ShouldBe(3, ended.Error);
        ended.Error.ShouldMatch("(was|is being) copied to postgres://");
        workshop.Ledger.Length.ShouldBe(2);
        await ResumeAsync(server.Url, done: 2);
    }

    [Fact]
    public async Task The_items_of_a_worker_that_dies_meanwhile_are_not_lost()
    {
        using var run = StartRun("sqlite:old.db", workers: 1);
        using var a = await workshop.Begun.NextBeginningAsync();
        using var copy = StartCopy("--to", server.Url);
        await copy.NextErrorAsync("1 job still runs");
        a.Worker.Kill();
        (await copy.EndAsync()).Status.ShouldBe(0);
        (await run.EndAsync()).Status.ShouldBe(3);
        workshop.Ledger.ShouldBeEmpty();
        await ResumeAsync(server.Url, done: 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_copy_that_is_broken_off_while_it_waits_leaves_the_store_in_service(bool byTime)
    {
        using var run = StartRun("sqlite:old.db", workers: 1);
        using var a = await workshop.Begun.NextBeginningAsync();
        using var copy = StartCopy(byTime ? ["--to", server.Url, "--wait", "10ms"] : ["--to", server.Url]);
        if (!byTime)
        {
            await copy.NextErrorAsync("1 job still runs");
            copy.Send(RunningCommand.Interrupt);
        }
        var ended = await copy.EndAsync();
        ended.Status.ShouldBe(byTime ? 1 : 130, ended.Error);
        ended.Error.ShouldContain("back in service");

        workshop.Gate.LetThrough(4);
        (await run.EndAsync()).Status.ShouldBe(0);
        workshop.Ledger.ShouldBe(["a", "b", "c", "d"]);
        // The target is as empty as it was: a later copy may have it.
        (await workshop.Folder.RunAsync("copy", "--store", "sqlite:old.db", "--to", server.Url)).Good();
    }

    [Fact]
    public async Task A_copy_that_was_killed_while_it_waited_can_be_started_again()
    {
        using var run = StartRun("sqlite:old.db", workers: 1);
        using var a = await workshop.Begun.NextBeginningAsync();
        using (var killed = StartCopy("--to", server.Url))
        {
            await killed.NextErrorAsync("1 job still runs");
            killed.Send(RunningCommand.Killed);
            await killed.EndAsync();
        }
        using var copy = StartCopy("--to", server.Url);
        await copy.NextErrorAsync("1 job still runs");
        workshop.Gate.LetThrough(1);
        (await copy.EndAsync()).Status.ShouldBe(0);
        (await run.EndAsync()).Status.ShouldBe(3);
        await ResumeAsync(server.Url, done: 1);
    }

    [Fact]
    public async Task A_lasting_worker_ends_and_says_where_the_store_went()
    {
        using var worker = workshop.StartSteadwork(null, "work", "--store", server.Url, "--exec", "note=true");
        await worker.NextErrorAsync("worker 1:");
        (await workshop.Folder.RunAsync("copy", "--store", server.Url, "--to", "sqlite:new.db")).Good();
        var ended = await worker.EndAsync();
        ended.Status.ShouldBe(3, ended.Error);
        ended.Error.ShouldMatch($"(was|is being) copied to sqlite:{workshop.Folder.File("new.db")} and takes no more work");
    }
}
