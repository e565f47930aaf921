using Shouldly;
using Steadwork.Soak.Stores;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

public abstract class StalledWorkerTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private const string Lease = "3s";
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_worker_stopped_for_three_leases_and_continued_has_its_completion_refused_and_the_job_is_completed_once()
    {
        // The program waits for a word that only the second attempt gets; the first is ended with its stalled worker's lease.
        var script = Script("""
            echo "begun $STEADWORK_ATTEMPT" >>"$0.log"
            if [ "$STEADWORK_ATTEMPT" = 1 ]; then exec sleep 1000; fi
            """);
        await folder.EnqueueAsync("note");
        using var stalled = folder.Start("work", "--exec", $"note={script}", "--concurrency", "1", "--lease", Lease);
        await Waiting.UntilAsync(() => File.Exists(script + ".log"));
        Soak.Processes.Signal(stalled.Id, Soak.Processes.SigStop);

        using var second = folder.Start("work", "--exec", $"note={script}", "--concurrency", "1", "--lease", Lease);
        (await folder.RunAsync("wait", "1", "--timeout", "60s")).Status.ShouldBe(0);
        Soak.Processes.Signal(stalled.Id, Soak.Processes.SigCont);

        // The continued worker finds that it was declared dead, begins a new life, and works on.
        await folder.EnqueueAsync("note", "--attempts", "1");
        await using var store = folder.OpenStore();
        await Waiting.UntilAsync(() => Log(store).Count(entry => entry.Kind == LogKinds.WorkerStarted) == 3);

        var log = Log(store).Where(entry => entry.Job == new JobId(1)).ToList();
        log.Count(entry => entry.Kind == "succeeded").ShouldBe(1);
        log.Count(entry => entry.Kind == LogKinds.Claimed).ShouldBe(2);
        File.ReadAllLines(script + ".log")[..2].ShouldBe(["begun 1", "begun 2"]);
        stalled.SendTerminate();
        second.SendTerminate();
        await stalled.EndAsync();
        await second.EndAsync();
    }

    [Fact]
    public async Task A_second_worker_that_starts_leaves_the_long_job_of_the_first_alone()
    {
        var script = Script("""
            echo "begun $STEADWORK_ATTEMPT" >>"$0.log"
            while [ ! -e "$0.go" ]; do sleep 0.05; done
            """);
        await folder.EnqueueAsync("long");
        using var first = folder.Start("work", "--exec", $"long={script}", "--lease", Lease);
        await Waiting.UntilAsync(() => File.Exists(script + ".log"));

        // Longer than the lease that it would have to outlive.
        for (var start = 0; start < 8; start++)
            (await folder.RunAsync("work", "--exec", "other=true", "--drain", "--json")).Good();
        await using var store = folder.OpenStore();
        using var pause = new ManualResetEventSlim();
        for (var look = 0; look < 30; look++)
        {
            (await store.RecoverAsync(TestContext.Current.CancellationToken)).ShouldBeEmpty();
            pause.Wait(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
        }
        File.WriteAllText(script + ".go", "");
        (await folder.RunAsync("wait", "1", "--timeout", "60s")).Status.ShouldBe(0);
        File.ReadAllLines(script + ".log").ShouldBe(["begun 1"]);
        first.SendTerminate();
        await first.EndAsync();
    }

    [Fact]
    public async Task A_job_that_kills_its_worker_each_time_is_failed_after_its_attempts_and_its_neighbours_lose_none()
    {
        // The poison item kills the worker process that runs it; the others only take a moment.
        var script = Script("""
            echo "$1" >>"$0.log"
            if [ "$1" = poison ]; then kill -9 $PPID; fi
            sleep 0.01
            """);
        var items = folder.Write("items", string.Concat(Enumerable.Range(0, 60).Select(item => item == 20 ? "poison\n" : $"item-{item}\n")));
        var ended = await folder.RunAsync("run", "--items", items, "--workers", "2", "--attempts", "3", "--name", "poison", "--json", "--", script);
        ended.Status.ShouldBe(1, ended.Error);

        await using var store = folder.OpenStore();
        var jobs = await store.FindAsync(new JobQuery { Limit = 100 }, TestContext.Current.CancellationToken);
        var poison = jobs.Single(job => job.State is JobState.Failed);
        (poison.Attempt, poison.Failures, poison.LastError!.Type).ShouldBe((3, 3, AttemptOutcomes.CrashType));
        jobs.Where(job => job.Id != poison.Id).ShouldAllBe(job => job.State == JobState.Succeeded && job.Failures == 0);
        File.ReadAllLines(script + ".log").Count(line => line == "poison").ShouldBe(3);
    }

    [Fact]
    public async Task One_hard_process_death_does_not_break_the_pool()
    {
        var script = Script("if [ \"$1\" = item-7 ] && [ \"$STEADWORK_ATTEMPT\" = 1 ]; then kill -9 $PPID; fi");
        var items = folder.Write("items", string.Concat(Enumerable.Range(0, 30).Select(item => $"item-{item}\n")));
        (await folder.RunAsync("run", "--items", items, "--workers", "2", "--name", "pool", "--json", "--", script)).Status.ShouldBe(0);
        await using var store = folder.OpenStore();
        var jobs = await store.FindAsync(new JobQuery { Limit = 100 }, TestContext.Current.CancellationToken);
        jobs.Count.ShouldBe(30);
        jobs.ShouldAllBe(job => job.State == JobState.Succeeded);
    }

    private static IReadOnlyList<LogEntry> Log(IStore store) => store.ReadAsync(0, 10_000, CancellationToken.None).GetAwaiter().GetResult();

    private string Script(string body)
    {
        var path = folder.Write("work.sh", "#!/bin/sh\n" + body.ReplaceLineEndings("\n") + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
