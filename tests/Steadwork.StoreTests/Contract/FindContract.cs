using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>Jobs are found by what is known of them.</summary>
public abstract class FindContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    [Fact]
    public async Task An_error_with_a_NUL_in_it_is_found_by_its_text_and_hides_no_other()
    {
        var jobs = await Store.AddAsync(Some.Job, Some.Job);
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Fail(new JobError("type", "bytes \0 of a needle", "stack \0")));
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Fail(new JobError("type", "another needle")));

        (await Store.FindAsync(new JobQuery { Text = "needle" })).Select(job => job.Id).ShouldBe([jobs[1], jobs[0]]);
        (await Store.JobAsync(jobs[0])).LastError.ShouldBe(new JobError("type", "bytes ␀ of a needle", "stack ␀"));
    }

    [Fact]
    public async Task The_newest_come_first()
    {
        var ids = await Store.AddAsync(Some.Jobs(5));

        (await Other.FindAllAsync()).Select(job => job.Id).ShouldBe(ids.Reverse());
    }

    [Fact]
    public async Task Pages_join()
    {
        var ids = await Store.AddAsync(Some.Jobs(25));
        var read = new List<JobId>();
        while (await Store.FindAsync(new JobQuery { Limit = 10, Before = read.Count == 0 ? null : read[^1] }) is { Count: > 0 } page)
            read.AddRange(page.Select(job => job.Id));

        read.ShouldBe(ids.Reverse());
    }

    [Fact]
    public async Task A_hundred_are_found_unless_said()
    {
        await Store.AddAsync(Some.Jobs(120));

        (await Store.FindAsync(new JobQuery())).Count.ShouldBe(100);
    }

    [Fact]
    public async Task Given_ids_come_in_their_order_all_of_them_and_unknown_ones_are_left_out()
    {
        var ids = await Store.AddAsync(Some.Jobs(120));

        var found = await Store.FindAsync(new JobQuery { Ids = [.. ids.Reverse(), new JobId(9999), ids[0]] });

        found.Select(job => job.Id).ShouldBe(ids);
        (await Store.FindAsync(new JobQuery { Ids = [] })).ShouldBeEmpty();
    }

    [Fact]
    public async Task Each_state_is_found()
    {
        var byState = new Dictionary<JobState, JobId>();
        var worker = await Store.StartAsync();
        foreach (var state in JobStates.All.Reverse())
        {
            var id = byState[state] = await Store.AddOneAsync(Some.Job with { Delay = state is JobState.Pending ? TimeSpan.FromHours(1) : default });
            if (state is JobState.Waiting)
                Fixture.Hold(id);
            if (state < JobState.Running)
                continue;
            var job = await worker.ClaimOneAsync();
            if (state is JobState.Succeeded)
                await worker.SettleAsync(job, Some.Success);
            if (state is JobState.Failed)
                await worker.SettleAsync(job, new Transition.Fail(Some.Error));
            if (state is JobState.Cancelled)
                await worker.SettleAsync(job, new Transition.Cancel("enough"));
        }

        foreach (var (state, id) in byState)
            (await Store.FindAsync(new JobQuery { State = state })).Select(job => job.Id).ShouldBe([id]);
    }

    [Fact]
    public async Task Queue_type_and_tag_are_found_and_add_up()
    {
        var ids = await Store.AddAsync(
            Some.Job with { Queue = "a", Type = "x", Tags = ["red", "it's"] },
            Some.Job with { Queue = "a", Type = "y", Tags = ["red"] },
            Some.Job with { Queue = "b", Type = "x", Tags = ["redder"] });

        await Finds(new JobQuery { Queue = "a" }, ids[1], ids[0]);
        await Finds(new JobQuery { Type = "x" }, ids[2], ids[0]);
        await Finds(new JobQuery { Tag = "red" }, ids[1], ids[0]);
        await Finds(new JobQuery { Tag = "it's" }, ids[0]);
        await Finds(new JobQuery { Queue = "a", Type = "x", Tag = "red", State = JobState.Pending }, ids[0]);
        await Finds(new JobQuery { Queue = "a", Type = "x", State = JobState.Failed });
        await Finds(new JobQuery { Queue = "nowhere" });
    }

    [Fact]
    public async Task What_has_been_started_and_what_is_due_is_found()
    {
        var ids = await Store.AddAsync(Some.Job, Some.Job with { Delay = TimeSpan.FromSeconds(30) }, Some.Job with { Delay = TimeSpan.FromSeconds(60) });
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Retry(In(30), Some.Error));

        await Finds(new JobQuery { Started = true }, ids[0]);
        await Finds(new JobQuery { Started = false }, ids[2], ids[1]);
        await Finds(new JobQuery { DueBy = In(30) }, ids[1], ids[0]);
        await Finds(new JobQuery { DueBy = In(29) });
        await Finds(new JobQuery { DueBy = In(60), Started = false }, ids[2], ids[1]);
    }

    [Fact]
    public async Task Text_is_found_in_payload_result_and_error()
    {
        await Store.AddAsync([.. Enumerable.Range(0, 4).Select(_ => Some.Job with { Payload = Some.Json("""{"city":"Zürich"}""") })]);
        var worker = await Store.StartAsync();
        var jobs = await worker.ClaimAsync();
        await worker.SettleAsync(jobs[0], new Transition.Succeed(Some.Json("""{"answer":"Lucerne"}""")));
        await worker.SettleAsync(jobs[1], new Transition.Fail(new JobError("My.Kind", "It's no \"city\"\nin <Genève>.", "   at Somewhere()")));

        await Finds(new JobQuery { Text = "lucerne" }, jobs[0].Id);
        await Finds(new JobQuery { Text = "my.kind" }, jobs[1].Id);
        await Finds(new JobQuery { Text = "It's no \"city\"\nin <Genève>" }, jobs[1].Id);
        await Finds(new JobQuery { Text = "at somewhere()" }, jobs[1].Id);
        await Finds(new JobQuery { Text = "Zürich", State = JobState.Running }, jobs[3].Id, jobs[2].Id);
        await Finds(new JobQuery { Text = "message" });
    }

    [Theory]
    [InlineData("100%", "100%")]
    [InlineData("a_b", "a_b")]
    [InlineData("back\\\\slash", "k\\\\s")]
    [InlineData("[x]*?", "[x]*?")]
    public async Task Text_means_itself(string payload, string text)
    {
        var ids = await Store.AddAsync(
            Some.Job with { Payload = Some.Json($"\"{payload}\"") },
            Some.Job with { Payload = Some.Json("\"1000 axb backslash x\"") });

        await Finds(new JobQuery { Text = text }, ids[0]);
    }

    [Fact]
    public async Task Only_the_case_of_ascii_letters_does_not_matter()
    {
        var id = await Store.AddOneAsync(Some.Job with { Payload = Some.Json("\"Ärger\"") });

        await Finds(new JobQuery { Text = "ÄRGER" }, id);
        await Finds(new JobQuery { Text = "ärger" });
    }

    [Fact]
    public async Task A_queue_keeps_the_first_definition_that_it_was_given()
    {
        (await Store.DefineQueueAsync("q", """{"run":1}""", CancellationToken.None)).ShouldBe("""{"run":1}""");
        (await Other.DefineQueueAsync("q", """{"run":2}""", CancellationToken.None)).ShouldBe("""{"run":1}""");
        (await Other.DefineQueueAsync("r", """{"run":2}""", CancellationToken.None)).ShouldBe("""{"run":2}""");
    }

    private async Task Finds(JobQuery query, params JobId[] expected) =>
        (await Store.FindAsync(query)).Select(job => job.Id).ShouldBe(expected, query.ToString());
}
