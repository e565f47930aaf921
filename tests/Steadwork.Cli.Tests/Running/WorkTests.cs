using System.Diagnostics;
using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

/// <summary>A worker whose handlers are programs.</summary>
public abstract class WorkTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private const string GatedScript = "#!/bin/sh\nread -r payload\necho \"$payload $$ $PPID $STEADWORK_ATTEMPT\" > begun\nread -r line < gate\necho \"$payload\" >> ledger\n";

    private readonly Workshop workshop = Workshop.On<TStore>();

    public void Dispose() => workshop.Dispose();

    private RunningCommand Start(params IEnumerable<string> arguments) => workshop.StartSteadwork(null, ["work", .. arguments]);

    private async Task<Ended> WorkAsync(params IEnumerable<string> arguments)
    {
        using var work = Start(arguments);
        return await work.EndAsync();
    }

    private async Task<string> StateOfAsync(int id) => (await workshop.Folder.JsonAsync("show", id.ToString())).GetProperty("state").GetString()!;

    [Fact]
    public async Task A_program_gets_the_payload_and_leaves_a_result()
    {
        await workshop.Folder.EnqueueAsync("note", "{\"a\": \"ü\"}");
        var ended = await WorkAsync("--exec", "note=sh -c \"cat; echo error >&2\"", "--drain");
        ended.Status.ShouldBe(0);
        ended.Output.ShouldBeEmpty();
        ended.Error.ShouldMatch(@"^worker \d+: queues default; job types note; 10 at once\n$");
        var job = await workshop.Folder.JsonAsync("show", "1");
        job.GetProperty("state").GetString().ShouldBe("succeeded");
        job.GetProperty("result").GetProperty("exitCode").GetInt32().ShouldBe(0);
        job.GetProperty("result").GetProperty("stdout").GetString()!.Replace(" ", "").ShouldBe("{\"a\":\"ü\"}");
        job.GetProperty("result").GetProperty("stderr").GetString().ShouldBe("error\n");
    }

    [Fact]
    public async Task A_program_knows_its_job_its_attempt_and_its_lease()
    {
        workshop.Script("my note.sh", "#!/bin/sh\necho \"$STEADWORK_JOB_ID $STEADWORK_ATTEMPT ${#STEADWORK_LEASE_TOKEN}\"\n");
        await workshop.Folder.EnqueueAsync("other");
        await workshop.Folder.EnqueueAsync("note");
        (await WorkAsync("--exec", "note=./my note.sh", "--drain", "--json")).Good().ShouldBeEmpty();
        var words = (await workshop.Folder.JsonAsync("show", "2")).GetProperty("result").GetProperty("stdout").GetString()!.Split(' ');
        words[..2].ShouldBe(["2", "1"]);
        int.Parse(words[2]).ShouldBeGreaterThan(0);
        (await StateOfAsync(1)).ShouldBe("pending");
    }

    [Fact]
    public async Task It_serves_the_queues_that_it_is_told()
    {
        await workshop.Folder.EnqueueAsync("note", "--queue", "a");
        await workshop.Folder.EnqueueAsync("note", "--queue", "b");
        await workshop.Folder.EnqueueAsync("note", "--queue", "c");
        (await WorkAsync("--queues", "a, c", "--exec", "note=true", "--drain")).Status.ShouldBe(0);
        (await StateOfAsync(1)).ShouldBe("succeeded");
        (await StateOfAsync(2)).ShouldBe("pending");
        (await StateOfAsync(3)).ShouldBe("succeeded");
    }

    [Theory]
    [InlineData("second third first")]
    [InlineData("first second third", "--order", "fifo")]
    [InlineData("third second first", "--order", "lifo")]
    [InlineData("second third first", "--order", "priority", "--ageing", "1h")]
    [InlineData("third first second", "--queues", "b, a", "--in-order", "--order", "fifo")]
    public async Task It_takes_jobs_in_the_order_that_it_is_told(string expected, params string[] options)
    {
        workshop.Script("note.sh", "#!/bin/sh\nread -r payload\necho \"$payload\" >> order\n");
        await workshop.Folder.EnqueueAsync("note", "\"first\"", "--priority", "9", "--queue", "a");
        await workshop.Folder.EnqueueAsync("note", "\"second\"", "--priority", "1", "--queue", "a");
        await workshop.Folder.EnqueueAsync("note", "\"third\"", "--priority", "5", "--queue", "b");
        string[] queues = options.Contains("--queues") ? [] : ["--queues", "a,b"];
        (await WorkAsync([.. queues, .. options, "--exec", "note=./note.sh", "--concurrency", "1", "--drain", "--json"])).Good();
        string.Join(' ', File.ReadLines(workshop.Folder.File("order")).Select(line => line.Trim('"'))).ShouldBe(expected);
    }

    [Fact]
    public async Task Queues_with_weights_are_all_served()
    {
        foreach (var queue in new[] { "a", "b", "c" })
            await workshop.Folder.EnqueueAsync("note", "--queue", queue);
        (await WorkAsync("--queues", "a=3,b", "--order", "weighted-random", "--exec", "note=true", "--drain", "--json")).Good();
        (await StateOfAsync(1)).ShouldBe("succeeded");
        (await StateOfAsync(2)).ShouldBe("succeeded");
        (await StateOfAsync(3)).ShouldBe("pending");
    }

    [Fact]
    public async Task Draining_goes_through_retries_but_does_not_wait_for_what_was_put_off()
    {
        workshop.Script("second", "#!/bin/sh\ntest $STEADWORK_ATTEMPT = 2\n");
        await workshop.Folder.EnqueueAsync("note");
        await workshop.Folder.EnqueueAsync("note", "--delay", "1h");
        (await WorkAsync("--exec", "note=./second", "--drain")).Status.ShouldBe(0);
        (await StateOfAsync(1)).ShouldBe("succeeded");
        (await StateOfAsync(2)).ShouldBe("pending");
    }

    [Fact]
    public async Task It_runs_what_requires_no_more_than_it_has_and_drains_no_more()
    {
        await workshop.Folder.EnqueueAsync("note");
        await workshop.Folder.EnqueueAsync("note", "--requires", "gpu");
        await workshop.Folder.EnqueueAsync("note", "--requires", "gpu", "--requires", "eu");
        (await WorkAsync("--exec", "note=true", "--drain", "--json")).Good();
        (await StateOfAsync(1)).ShouldBe("succeeded");
        (await StateOfAsync(2)).ShouldBe("pending");
        (await WorkAsync("--tags", "gpu, large", "--exec", "note=true", "--drain")).Error.ShouldMatch(@"^worker \d+: queues default; job types note; tags gpu, large; 10 at once\n$");
        (await StateOfAsync(2)).ShouldBe("succeeded");
        (await StateOfAsync(3)).ShouldBe("pending");
        (await WorkAsync("--tags", "gpu,", "--exec", "note=true", "--drain")).Complaint.ShouldStartWith("A tag of a worker is empty;");
    }

    [Fact]
    public async Task Draining_waits_for_what_runs_elsewhere()
    {
        workshop.Script("gated", GatedScript);
        await workshop.Folder.EnqueueAsync("note", "1");
        using var first = Start("--exec", "note=./gated", "--concurrency", "1");
        using var one = await workshop.Begun.NextBeginningAsync();
        using var second = Start("--exec", "note=./gated", "--drain");
        await second.NextErrorAsync("worker ");
        // It is still there to take this one.
        await workshop.Folder.EnqueueAsync("note", "2");
        using var two = await workshop.Begun.NextBeginningAsync();
        two.Worker.Id.ShouldBe(second.Id);
        workshop.Gate.LetThrough(2);
        (await second.EndAsync()).Status.ShouldBe(0);
        (await StateOfAsync(1)).ShouldBe("succeeded");
        (await StateOfAsync(2)).ShouldBe("succeeded");
    }

    [Fact]
    public async Task Draining_nothing_ends_at_once() => (await WorkAsync("--exec", "note=true", "--drain")).Status.ShouldBe(0);

    [Fact]
    public async Task A_failure_of_a_job_is_none_of_the_worker()
    {
        await workshop.Folder.EnqueueAsync("note", "--attempts", "1");
        (await WorkAsync("--exec", "note=false", "--drain")).Status.ShouldBe(0);
        var job = await workshop.Folder.JsonAsync("show", "1");
        job.GetProperty("state").GetString().ShouldBe("failed");
        job.GetProperty("lastError").GetProperty("message").GetString().ShouldBe("The program ended with exit status 1.");
    }

    [Fact]
    public async Task The_timeout_of_a_job_ends_its_program()
    {
        workshop.Script("gated", GatedScript);
        await workshop.Folder.EnqueueAsync("note", "1", "--timeout", "2s", "--attempts", "1");
        using var work = Start("--exec", "note=./gated", "--drain");
        using var one = await workshop.Begun.NextBeginningAsync();
        one.Program.ShouldEnd();
        (await work.EndAsync()).Status.ShouldBe(0);
        (await StateOfAsync(1)).ShouldBe("failed");
        workshop.Ledger.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_running_job_is_cancelled_from_another_process_within_a_tenth_of_a_second()
    {
        workshop.Script("gated", GatedScript);
        await workshop.Folder.EnqueueAsync("note", "1");
        using var work = Start("--exec", "note=./gated");
        using var one = await workshop.Begun.NextBeginningAsync();
        long ended = 0;
        var end = Task.Factory.StartNew(
            () =>
            {
                one.Program.ShouldEnd();
                ended = Stopwatch.GetTimestamp();
            }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        using var cancel = workshop.StartSteadwork(null, "cancel", "1");
        (await cancel.EndAsync()).Status.ShouldBe(0);
        var asked = Stopwatch.GetTimestamp();
        await end.WaitAsync(SteadworkProcess.Patience, TestContext.Current.CancellationToken);
        var took = Stopwatch.GetElapsedTime(asked, ended);
        TestContext.Current.TestOutputHelper?.WriteLine($"The program ended {took.TotalMilliseconds:F0} ms after the end of 'cancel'.");
        // On a machine that does other things as well, ten times the promise.
        took.ShouldBeLessThan(TimeSpan.FromSeconds(1));
        (await workshop.Folder.RunAsync("wait", "1", "--timeout", "60s")).Output.ShouldBe("Job 1 was cancelled.\n");
        workshop.Ledger.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_pending_job_that_is_cancelled_is_not_run()
    {
        await workshop.Folder.EnqueueAsync("note");
        (await workshop.Folder.RunAsync("cancel", "1")).Status.ShouldBe(0);
        workshop.Script("noting", "#!/bin/sh\necho ran >> ledger\n");
        (await WorkAsync("--exec", "note=./noting", "--drain")).Status.ShouldBe(0);
        workshop.Ledger.ShouldBeEmpty();
        (await StateOfAsync(1)).ShouldBe("cancelled");
    }

    [Fact]
    public async Task The_death_of_a_worker_is_the_death_of_its_programs()
    {
        workshop.Script("gated", "#!/bin/sh\nsetsid sh -c 'echo \"below $$ $PPID 0\" > begun; while :; do sleep 1000; done' &\n" + GatedScript[10..]);
        await workshop.Folder.EnqueueAsync("note", "1");
        using (var work = Start("--exec", "note=./gated"))
        {
            using var one = await workshop.Begun.NextBeginningAsync();
            using var other = await workshop.Begun.NextBeginningAsync();
            work.Send(RunningCommand.Killed);
            (await work.EndAsync()).Status.ShouldBe(137);
            one.Program.ShouldEnd();
            other.Program.ShouldEnd();
        }
        workshop.Script("gated", GatedScript);
        using var next = Start("--exec", "note=./gated", "--drain");
        using var again = await workshop.Begun.NextBeginningAsync();
        again.Attempt.ShouldBe(2);
        workshop.Gate.LetThrough(1);
        (await next.EndAsync()).Status.ShouldBe(0);
        workshop.Ledger.ShouldBe(["1"]);
    }

    [Fact]
    public async Task A_first_signal_lets_programs_end_and_a_second_ends_them()
    {
        workshop.Script("gated", GatedScript);
        await workshop.Folder.EnqueueAsync("note", "1", "--attempts", "1");
        await workshop.Folder.EnqueueAsync("note", "2", "--attempts", "1");
        using (var work = Start("--exec", "note=./gated", "--concurrency", "1"))
        {
            using var one = await workshop.Begun.NextBeginningAsync();
            work.Send(RunningCommand.Terminate);
            workshop.Gate.LetThrough(1);
            (await work.EndAsync()).Status.ShouldBe(130);
        }
        workshop.Ledger.ShouldBe(["1"]);
        using (var work = Start("--exec", "note=./gated", "--concurrency", "1"))
        {
            using var two = await workshop.Begun.NextBeginningAsync();
            work.Send(RunningCommand.Interrupt);
            work.Send(RunningCommand.Terminate);
            (await work.EndAsync()).Status.ShouldBe(130);
            two.Program.ShouldEnd();
        }
        (await StateOfAsync(2)).ShouldBe("pending");
        workshop.Ledger.ShouldBe(["1"]);
    }

    [Theory]
    [InlineData("A worker needs a handler: give at least one --exec TYPE=PROGRAM.")]
    [InlineData("--exec 'note' is not TYPE=PROGRAM, such as import-note=./import.sh.", "--exec", "note")]
    [InlineData("--exec '=true' is not TYPE=PROGRAM, such as import-note=./import.sh.", "--exec", "=true")]
    [InlineData("--exec 'note=' is not TYPE=PROGRAM, such as import-note=./import.sh.", "--exec", "note=")]
    [InlineData("There is no program './missing --now' that could be run for the job type 'note'; give its path, or check $PATH.", "--exec", "note=./missing --now")]
    [InlineData("--exec names the job type 'note' twice; each type has one program.", "--exec", "note=true", "--exec", "note=false")]
    [InlineData("--concurrency: '0' is not a whole number from 1 to 10000. See 'steadwork work --help'.", "--exec", "note=true", "--concurrency", "0")]
    [InlineData("--order: 'best' is not one of fifo, lifo, priority, weighted-random. See 'steadwork work --help'.", "--exec", "note=true", "--order", "best")]
    [InlineData("Ageing goes with the claim order by priority alone; it is Fifo.", "--exec", "note=true", "--order", "fifo", "--ageing", "1m")]
    [InlineData("Queues are served in order or by weight, not both: leave out --in-order, or the weights.", "--exec", "note=true", "--queues", "a=2,b", "--in-order")]
    [InlineData("'much' is no weight for the queue 'a'; it is a whole number from 1 to 1000.", "--exec", "note=true", "--queues", "a=much,b")]
    [InlineData("The weight of the queue 'a' is 1001; it goes from 1 to 1000.", "--exec", "note=true", "--queues", "a=1001,b")]
    [InlineData("--queues names the queue 'a' twice.", "--exec", "note=true", "--queues", "a=2,a=3")]
    public async Task Mistakes_are_refused(string complaint, params string[] arguments)
    {
        var ended = await WorkAsync(arguments);
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldBe(complaint);
        workshop.Folder.ShouldHaveNoStore();
    }
}
