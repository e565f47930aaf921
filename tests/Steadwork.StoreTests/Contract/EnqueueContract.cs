using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>What goes into a store comes out of it.</summary>
public abstract class EnqueueContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    [Fact]
    public async Task A_job_is_read_as_it_was_enqueued()
    {
        var id = await Store.AddOneAsync(new NewJob
        {
            Type = "import-note",
            Payload = Some.Json("""{"path":"/a"}"""),
            Queue = "imports",
            Priority = 7,
            MaxAttempts = 5,
            Timeout = TimeSpan.FromSeconds(90),
            UniqueKey = "note:a",
            Tags = ["red", "green"],
            TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        });

        var job = await Other.JobAsync(id);
        job.Type.ShouldBe("import-note");
        Some.Text(job.Payload).ShouldBe("""{"path":"/a"}""");
        job.Queue.ShouldBe("imports");
        job.Priority.ShouldBe(7);
        job.MaxAttempts.ShouldBe(5);
        job.Timeout.ShouldBe(TimeSpan.FromSeconds(90));
        job.UniqueKey.ShouldBe("note:a");
        job.Tags.ShouldBe(["red", "green"]);
        job.TraceParent.ShouldBe("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        job.CreatedAt.ShouldBe(Now);
        job.RunAt.ShouldBe(Now);
    }

    [Fact]
    public async Task A_new_job_is_pending_and_has_no_past()
    {
        var job = await Store.JobAsync(await Store.AddOneAsync(Some.Job));

        job.State.ShouldBe(JobState.Pending);
        (job.Attempt, job.Failures, job.Alone).ShouldBe((0, 0, false));
        (job.StartedAt, job.FinishedAt, job.Worker, job.LastError).ShouldBe((null, null, null, null));
        (job.UniqueKey, job.Timeout, job.TraceParent).ShouldBe((null, null, null));
        job.Tags.ShouldBeEmpty();
        job.Result.IsEmpty.ShouldBeTrue();
        (await Store.AttemptsAsync(job.Id)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Ids_grow_in_the_order_of_enqueueing()
    {
        var first = await Store.AddAsync(Some.Jobs(3));
        var second = await Other.AddAsync(Some.Jobs(3));

        first[0].Value.ShouldBeGreaterThan(0);
        JobId[] all = [.. first, .. second];
        all.ShouldBe(all.Order());
        all.ShouldBeUnique();
    }

    [Fact]
    public async Task The_id_of_a_deleted_job_is_not_used_again()
    {
        var gone = (await Store.AddAsync(Some.Jobs(2)))[1];
        (await Store.RequestAsync(JobRequest.Delete, gone)).ShouldBe(RequestAnswer.Done);

        (await Store.AddOneAsync(Some.Job)).Value.ShouldBeGreaterThan(gone.Value);
    }

    [Fact]
    public async Task Nothing_makes_nothing()
    {
        (await Store.EnqueueAsync([], CancellationToken.None)).ShouldBeEmpty();
        (await Store.FindAllAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_list_that_breaks_in_the_middle_leaves_no_job_behind()
    {
        await Should.ThrowAsync<InvalidDataException>(() => Store.EnqueueAsync(new BreakingList(10, breaksAt: 7), CancellationToken.None));

        (await Store.FindAllAsync()).ShouldBeEmpty();
        (await Store.LogAsync()).ShouldBeEmpty();
        (await Store.CountsAsync()).ShouldBe(default);
    }

    [Fact]
    public async Task A_broken_list_does_not_harm_those_enqueued_beside_it()
    {
        var good = Enumerable.Range(0, 20).Select(_ => Store.EnqueueAsync(Some.Jobs(2), CancellationToken.None)).ToList();
        var bad = Store.EnqueueAsync(new BreakingList(10, breaksAt: 7), CancellationToken.None);
        good.AddRange(Enumerable.Range(0, 20).Select(_ => Store.EnqueueAsync(Some.Jobs(2), CancellationToken.None)));

        await Should.ThrowAsync<InvalidDataException>(() => bad);
        await Task.WhenAll(good);
        (await Store.FindAllAsync()).Count.ShouldBe(80);
    }

    [Fact]
    public async Task A_cancelled_caller_enqueues_nothing()
    {
        await Should.ThrowAsync<OperationCanceledException>(async () => await Store.EnqueueAsync([Some.Job], new CancellationToken(canceled: true)));

        (await Store.FindAllAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_buffer_may_be_used_again_once_its_job_is_stored()
    {
        var buffer = "[1]"u8.ToArray();
        var id = await Store.AddOneAsync(Some.Job with { Payload = buffer });
        buffer[1] = (byte)'2';

        Some.Text((await Store.JobAsync(id)).Payload).ShouldBe("[1]");
    }

    [Fact]
    public async Task A_payload_of_a_mebibyte_is_kept_byte_for_byte()
    {
        var payload = Some.Json('"' + new string('x', 1024 * 1024) + '"');
        var id = await Store.AddOneAsync(Some.Job with { Payload = payload });
        var worker = await Other.StartAsync();

        var claimed = await worker.ClaimOneAsync();
        claimed.Payload.Span.SequenceEqual(payload.Span).ShouldBeTrue();
        (await Store.JobAsync(id)).Payload.Span.SequenceEqual(payload.Span).ShouldBeTrue();
    }

    [Theory]
    [InlineData("Überprüfung")]
    [InlineData("清单 🧾")]
    [InlineData("it's \"quoted\", 100% -- ;\\ <b>")]
    [InlineData("a/b.c:d|e*f?")]
    [InlineData("e\u0301")]
    public async Task Any_name_may_be_used_for_anything(string name)
    {
        var id = await Store.AddOneAsync(Some.Job with { Type = name, Queue = name, UniqueKey = name, Tags = [name] });
        var worker = await Other.StartAsync([name], [name]);

        var claimed = await worker.ClaimOneAsync();
        (claimed.Id, claimed.Type, claimed.Queue).ShouldBe((id, name, name));
        var found = (await Store.FindAsync(new JobQuery { Type = name, Queue = name, Tag = name })).Single();
        (found.UniqueKey, found.Tags.Single()).ShouldBe((name, name));
        (await Store.EnqueueOneAsync(Some.Job with { UniqueKey = name })).ShouldBe(new EnqueuedJob(id, Existing: true, JobState.Running));
    }

    [Fact]
    public async Task Names_that_differ_in_case_are_different()
    {
        await Store.AddAsync(Some.Job with { Queue = "A" }, Some.Job with { Queue = "a" });

        (await Store.FindAsync(new JobQuery { Queue = "a" })).Count.ShouldBe(1);
        (await (await Store.StartAsync(["A"])).ClaimAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_delay_is_counted_from_the_enqueueing()
    {
        Advance(5);
        var id = await Store.AddOneAsync(Some.Job with { Delay = TimeSpan.FromSeconds(90) });

        (await Store.JobAsync(id)).RunAt.ShouldBe(In(90));
    }

    [Fact]
    public async Task A_time_to_run_at_wins_over_a_delay_and_is_kept_in_utc()
    {
        var id = await Store.AddOneAsync(Some.Job with { RunAt = In(60).ToOffset(TimeSpan.FromHours(5)), Delay = TimeSpan.FromSeconds(1) });

        var job = await Store.JobAsync(id);
        job.RunAt.ShouldBe(In(60));
        job.RunAt.Offset.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public async Task Times_are_kept_in_whole_milliseconds()
    {
        Clock.Advance(TimeSpan.FromTicks(12_345));
        var job = await Store.JobAsync(await Store.AddOneAsync(Some.Job with { Delay = TimeSpan.FromTicks(10_009) }));

        job.CreatedAt.ShouldBe(Now.AddTicks(-2_345));
        job.RunAt.ShouldBe(Now.AddTicks(10_009 - 2_354));
    }

    private sealed class BreakingList(int count, int breaksAt) : IReadOnlyList<NewJob>
    {
        public int Count => count;

        public NewJob this[int index] => index == breaksAt ? throw new InvalidDataException("Here the list breaks.") : Some.Job;

        public IEnumerator<NewJob> GetEnumerator()
        {
            for (var index = 0; index < count; index++)
                yield return this[index];
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
