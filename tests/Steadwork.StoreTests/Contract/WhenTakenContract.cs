using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>What a newer job does to the one that bears its unique key.</summary>
public abstract class WhenTakenContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    private static readonly NewJob Old = Some.Job with { UniqueKey = "k", Payload = Some.Json("1"), Priority = 7, Tags = ["old"] };
    private static readonly NewJob New = Old with { Payload = Some.Json("2"), Delay = TimeSpan.FromSeconds(30), Priority = 1, MaxAttempts = 9, Tags = ["new"] };

    [Theory]
    [InlineData(WhenTaken.Keep, "1", 0)]
    [InlineData(WhenTaken.Replace, "2", 30)]
    [InlineData(WhenTaken.ReplacePayload, "2", 0)]
    [InlineData(WhenTaken.ReplaceTime, "1", 30)]
    public async Task The_bearer_takes_over_what_the_newer_one_says_and_nothing_else(WhenTaken whenTaken, string payload, int delay)
    {
        var bearer = await Store.AddOneAsync(Old);
        var before = await Store.JobAsync(bearer);

        (await Other.EnqueueOneAsync(New with { WhenTaken = whenTaken })).ShouldBe(new EnqueuedJob(bearer, Existing: true, JobState.Pending));

        var job = await Store.JobAsync(bearer);
        Some.Text(job.Payload).ShouldBe(payload);
        (job with { Payload = before.Payload, Tags = before.Tags, LastError = before.LastError, Result = before.Result }).ShouldBe(before with { RunAt = In(delay) });
        job.Tags.ShouldBe(["old"]);
        (await Store.LogKindsAsync(bearer)).ShouldBe(whenTaken is WhenTaken.Keep ? [LogKinds.Enqueued] : [LogKinds.Enqueued, LogKinds.Amended]);
        (await Store.FindAllAsync()).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(WhenTaken.Replace, 40)]
    [InlineData(WhenTaken.ReplaceTime, 40)]
    [InlineData(WhenTaken.ReplacePayload, 10)]
    public async Task With_its_time_it_takes_over_until_when_it_is_worth_beginning(WhenTaken whenTaken, int expires)
    {
        var bearer = await Store.AddOneAsync(Old with { ExpiresIn = TimeSpan.FromSeconds(10) });
        await Other.AddAsync(New with { WhenTaken = whenTaken, ExpiresIn = TimeSpan.FromSeconds(40) });
        (await Store.JobAsync(bearer)).ExpiresAt.ShouldBe(In(expires));

        Advance(35);
        (await (await Store.StartAsync()).ClaimAsync()).Count.ShouldBe(whenTaken is WhenTaken.ReplacePayload ? 0 : 1);
    }

    [Fact]
    public async Task A_time_that_differs_only_in_until_when_it_is_worth_beginning_is_another_one()
    {
        var at = In(30);
        var bearer = await Store.AddOneAsync(Old with { RunAt = at, ExpiresAt = In(40) });
        var other = Old with { RunAt = at, WhenTaken = WhenTaken.ReplaceTime };

        await Store.AddAsync(other with { ExpiresAt = In(50) });
        (await Store.JobAsync(bearer)).ExpiresAt.ShouldBe(In(50));
        await Store.AddAsync(other);
        (await Store.JobAsync(bearer)).ExpiresAt.ShouldBeNull();
        await Store.AddAsync(other);

        (await Store.LogKindsAsync(bearer)).ShouldBe([LogKinds.Enqueued, LogKinds.Amended, LogKinds.Amended]);
    }

    /// <summary>A payload is nothing to a handler of another type.</summary>
    [Theory]
    [InlineData(WhenTaken.Replace)]
    [InlineData(WhenTaken.ReplacePayload)]
    [InlineData(WhenTaken.ReplaceTime)]
    public async Task A_job_of_another_type_takes_nothing_over(WhenTaken whenTaken)
    {
        var bearer = await Store.AddOneAsync(Old);
        var report = Old with { Type = "report", Payload = "7"u8.ToArray(), WhenTaken = whenTaken };

        var error = await Should.ThrowAsync<UniqueKeyTakenException>(() => Store.EnqueueAsync([Some.Job, report], CancellationToken.None));

        (error.Key, error.Bearer).ShouldBe(("k", bearer));
        error.Message.ShouldBe($"Nothing was stored: job {bearer} bears the unique key 'k', and one of another type, '{Old.Type}', takes over nothing: give each type keys of its own.");
        (await Should.ThrowAsync<UniqueKeyTakenException>(() => Store.EnqueueAsync([Old with { UniqueKey = "l" }, report with { UniqueKey = "l" }], CancellationToken.None))).Bearer.ShouldBeNull();
        (await Store.FindAllAsync()).Single().ShouldSatisfyAllConditions(job => job.Id.ShouldBe(bearer), job => job.Payload.ToArray().ShouldBe(Old.Payload.ToArray()));
        (await Store.EnqueueAsync([report with { WhenTaken = WhenTaken.Keep }], CancellationToken.None)).Single().ShouldBe(new EnqueuedJob(bearer, Existing: true, JobState.Pending));
    }

    [Fact]
    public async Task Where_nothing_differs_nothing_happens()
    {
        var at = In(10);
        await Store.AddAsync(Old with { RunAt = at });
        var before = await Picture.OfAsync(Store);

        await Store.EnqueueOneAsync(Old with { RunAt = at, WhenTaken = WhenTaken.Replace });

        (await Picture.OfAsync(Store)).ShouldBe(before);
    }

    [Fact]
    public async Task Where_the_key_is_free_the_newer_one_is_stored()
    {
        foreach (var whenTaken in Enum.GetValues<WhenTaken>())
            (await Store.EnqueueOneAsync(New with { UniqueKey = $"{whenTaken}", WhenTaken = whenTaken })).Existing.ShouldBeFalse();
    }

    [Theory]
    [InlineData(JobState.Running)]
    [InlineData(JobState.Succeeded)]
    [InlineData(JobState.Failed)]
    [InlineData(JobState.Cancelled)]
    public async Task A_bearer_that_runs_or_has_ended_stays_as_it_is(JobState state)
    {
        var bearer = await Store.AddOneAsync(Old with { UniqueScope = UniqueScope.WhileKept });
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimOneAsync();
        if (state is not JobState.Running)
            await worker.SettleAsync(claimed, state switch { JobState.Succeeded => Some.Success, JobState.Failed => new Transition.Fail(Some.Error), _ => new Transition.Cancel("enough") });
        var before = await Picture.OfAsync(Store);

        (await Store.EnqueueOneAsync(New with { WhenTaken = WhenTaken.Replace })).ShouldBe(new EnqueuedJob(bearer, Existing: true, state));

        (await Picture.OfAsync(Store)).ShouldBe(before);
    }

    [Fact]
    public async Task Many_in_a_row_become_one_as_late_as_the_last_says()
    {
        var debounced = Old with { Delay = TimeSpan.FromSeconds(5), WhenTaken = WhenTaken.Replace };
        var worker = await Store.StartAsync();
        for (var turn = 0; turn < 10; turn++)
        {
            await Store.AddAsync(debounced with { Payload = Some.Json($"{turn}") });
            Advance(4);
            (await worker.ClaimAsync()).ShouldBeEmpty();
        }
        Advance(1);

        Some.Text((await worker.ClaimOneAsync()).Payload).ShouldBe("9");
    }

    [Fact]
    public async Task The_newest_runs_at_the_time_of_the_first()
    {
        var throttled = Old with { Delay = TimeSpan.FromSeconds(5), WhenTaken = WhenTaken.ReplacePayload };
        var worker = await Store.StartAsync();
        for (var turn = 0; turn < 5; turn++)
        {
            await Store.AddAsync(throttled with { Payload = Some.Json($"{turn}") });
            Advance(1);
        }

        Some.Text((await worker.ClaimOneAsync()).Payload).ShouldBe("4");
    }

    [Fact]
    public async Task A_later_time_takes_the_bearer_out_of_its_line()
    {
        var bearer = await Store.AddOneAsync(Old);
        await Store.EnqueueOneAsync(New with { WhenTaken = WhenTaken.ReplaceTime });
        var worker = await Store.StartAsync();

        var exchange = await worker.ExchangeAsync([], max: 5);
        exchange.Claimed.ShouldBeEmpty();
        exchange.NextDue.ShouldBe(In(30));
        Advance(30);
        (await worker.ClaimOneAsync()).Id.ShouldBe(bearer);
    }

    [Fact]
    public async Task A_time_that_has_come_puts_the_bearer_into_its_line_where_its_age_says()
    {
        var ids = await Store.AddAsync(Old with { Delay = TimeSpan.FromHours(1), Priority = 100 }, Some.Job);

        await Store.EnqueueOneAsync(Old with { WhenTaken = WhenTaken.ReplaceTime });

        (await (await Store.StartAsync()).ClaimAsync()).Select(job => job.Id).ShouldBe(ids);
    }

    [Fact]
    public async Task A_later_time_gives_the_place_of_an_exclusive_key_to_the_next()
    {
        var ids = await Store.AddAsync(Old with { ExclusiveKey = "e", Priority = 100 }, Some.Job with { ExclusiveKey = "e" });
        var worker = await Store.StartAsync();

        await Store.EnqueueOneAsync(New with { WhenTaken = WhenTaken.Replace });
        var next = await worker.ClaimOneAsync();
        next.Id.ShouldBe(ids[1]);
        (await Store.LogKindsAsync(ids[1])).ShouldBe([LogKinds.Enqueued, LogKinds.Admitted, LogKinds.Claimed]);

        Advance(30);
        (await worker.ClaimAsync()).ShouldBeEmpty("it stands behind the key again");
        await worker.SettleAsync(next, Some.Success);
        (await worker.ClaimOneAsync()).Id.ShouldBe(ids[0]);
    }

    [Fact]
    public async Task A_retry_that_is_put_off_gives_its_place_to_the_next()
    {
        var ids = await Store.AddAsync(Old with { ExclusiveKey = "e", Priority = 100 }, Some.Job with { ExclusiveKey = "e" });
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Retry(In(10), Some.Error));
        (await worker.ClaimAsync()).ShouldBeEmpty("at a limit of one nobody passes it");

        await Store.EnqueueOneAsync(New with { WhenTaken = WhenTaken.ReplaceTime });

        (await worker.ClaimOneAsync()).Id.ShouldBe(ids[1]);
    }

    [Fact]
    public async Task A_time_that_has_come_puts_the_bearer_behind_its_exclusive_key()
    {
        var ids = await Store.AddAsync(Some.Job with { ExclusiveKey = "e" }, Old with { ExclusiveKey = "e", Delay = TimeSpan.FromHours(1) });
        (await Store.EnqueueOneAsync(Old with { WhenTaken = WhenTaken.ReplaceTime })).ShouldBe(new EnqueuedJob(ids[1], Existing: true, JobState.Waiting));
        var worker = await Store.StartAsync();

        var first = await worker.ClaimOneAsync();
        first.Id.ShouldBe(ids[0]);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        await worker.SettleAsync(first, Some.Success);
        (await worker.ClaimOneAsync()).Id.ShouldBe(ids[1]);
    }

    [Fact]
    public async Task The_answer_says_where_the_bearer_stands_then()
    {
        var bearer = await Store.AddOneAsync(Old with { ExclusiveKey = "e", Delay = TimeSpan.FromHours(1) });

        (await Store.EnqueueOneAsync(Old with { WhenTaken = WhenTaken.Replace })).ShouldBe(new EnqueuedJob(bearer, Existing: true, JobState.Pending), "it has a place of its key at once");
    }

    [Fact]
    public async Task One_that_waits_behind_its_exclusive_key_leaves_it_for_a_later_time()
    {
        var ids = await Store.AddAsync(Some.Job with { ExclusiveKey = "e" }, Old with { ExclusiveKey = "e", Priority = 1 }, Some.Job with { ExclusiveKey = "e" });
        (await Store.EnqueueOneAsync(New with { WhenTaken = WhenTaken.Replace })).ShouldBe(new EnqueuedJob(ids[1], Existing: true, JobState.Pending));
        var worker = await Store.StartAsync();

        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);

        (await worker.ClaimOneAsync()).Id.ShouldBe(ids[2]);
    }

    [Fact]
    public async Task One_that_waits_for_others_to_end_only_changes_its_values()
    {
        var parent = await Store.AddOneAsync(Some.Job);
        var child = await Store.AddOneAsync(Old with { After = [parent], Delay = TimeSpan.FromHours(1), ExclusiveKey = "e" });
        (await Store.EnqueueOneAsync(Old with { Payload = Some.Json("2"), WhenTaken = WhenTaken.Replace })).ShouldBe(new EnqueuedJob(child, Existing: true, JobState.Waiting));
        var worker = await Store.StartAsync();

        var first = await worker.ClaimOneAsync();
        first.Id.ShouldBe(parent);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        await worker.SettleAsync(first, Some.Success);

        var claimed = await worker.ClaimOneAsync();
        claimed.Id.ShouldBe(child);
        Some.Text(claimed.Payload).ShouldBe("2");
    }

    [Fact]
    public async Task Within_one_list_the_last_of_a_key_wins()
    {
        var answers = await Store.EnqueueAsync([Old with { WhenTaken = WhenTaken.Replace }, New with { WhenTaken = WhenTaken.Replace }, Some.Job], CancellationToken.None);

        answers.Select(answer => answer.Existing).ShouldBe([false, true, false]);
        var job = await Store.JobAsync(answers[0].Id);
        Some.Text(job.Payload).ShouldBe("2");
        job.RunAt.ShouldBe(In(30));
    }

    [Fact]
    public async Task Refusing_stores_nothing_of_the_list()
    {
        var bearer = await Store.AddOneAsync(Old);
        var before = await Picture.OfAsync(Store);

        var error = await Should.ThrowAsync<UniqueKeyTakenException>(() => Other.EnqueueAsync([Some.Job, New with { WhenTaken = WhenTaken.Refuse }], CancellationToken.None));

        error.Message.ShouldBe($"Nothing was stored: job {bearer} bears the unique key 'k'.");
        (error.Key, error.Bearer).ShouldBe(("k", (JobId?)bearer));
        (await Picture.OfAsync(Store)).ShouldBe(before);
        (await Store.AddOneAsync(Some.Job)).Value.ShouldBe(bearer.Value + 1);
    }

    [Fact]
    public async Task Refusing_minds_the_list_itself()
    {
        NewJob demanding = Old with { UniqueKey = "a b", WhenTaken = WhenTaken.Refuse };

        var error = await Should.ThrowAsync<UniqueKeyTakenException>(() => Store.EnqueueAsync([demanding, Some.Job, demanding], CancellationToken.None));

        error.Message.ShouldBe("Nothing was stored: two jobs of one list bear the unique key 'a b'.");
        (error.Key, error.Bearer).ShouldBe(("a b", null));
        (await Store.FindAllAsync()).ShouldBeEmpty();
        (await Store.EnqueueAsync([demanding, demanding with { WhenTaken = WhenTaken.Keep }], CancellationToken.None)).Select(answer => answer.Existing).ShouldBe([false, true]);
    }

    [Fact]
    public async Task Refusing_minds_a_key_whose_job_has_ended()
    {
        await Store.AddAsync(Old with { UniqueKey = "a b", UniqueFor = TimeSpan.FromMinutes(1) });
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
        NewJob demanding = Old with { UniqueKey = "a b", WhenTaken = WhenTaken.Refuse };

        (await Should.ThrowAsync<UniqueKeyTakenException>(() => Store.EnqueueOneAsync(demanding))).Key.ShouldBe("a b");
        Advance(60);
        (await Store.EnqueueOneAsync(demanding)).Existing.ShouldBeFalse();
    }

    [Fact]
    public async Task Of_many_that_race_all_but_one_are_refused_and_nobody_else_is()
    {
        var demanding = Enumerable.Range(0, 20).Select(turn => AnswerAsync(turn % 2 == 0 ? Store : Other, Old with { WhenTaken = WhenTaken.Refuse })).ToList();
        var others = Enumerable.Range(0, 20).Select(turn => AnswerAsync(turn % 2 == 0 ? Store : Other, Some.Job)).ToList();

        (await Task.WhenAll(demanding)).Count(answer => answer is not null).ShouldBe(1);
        (await Task.WhenAll(others)).ShouldAllBe(answer => answer != null);
        (await Store.FindAllAsync()).Count.ShouldBe(21);

        static async Task<EnqueuedJob?> AnswerAsync(IStore store, NewJob job)
        {
            try
            {
                return await store.EnqueueOneAsync(job);
            }
            catch (UniqueKeyTakenException)
            {
                return null;
            }
        }
    }
}
