using System.Data.Common;
using System.Threading.Channels;
using System.Transactions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Steadwork.Workers;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>What is done in the caller's transaction is there if and only if that commits.</summary>
public abstract class TransactionsContract<TFixture> : StoreContract<TFixture>
    where TFixture : IDatabaseFixture, new()
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private ITransactionalStore Transactional => (ITransactionalStore)Store;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_job_exists_if_and_only_if_the_transaction_commits(bool commits)
    {
        await using var connection = await Fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await NoteAsync(connection, transaction, "a");
        var stored = await Transactional.EnqueueAsync([Some.Job with { Tags = ["t"], Priority = 3 }, Some.Job], transaction, CancellationToken.None);
        (await Other.FindAllAsync()).ShouldBeEmpty();
        (await Other.LogAsync()).ShouldBeEmpty();

        if (commits)
            await transaction.CommitAsync();
        else
            await transaction.RollbackAsync();

        (await Other.FindAllAsync()).Select(job => job.Id).ShouldBe(commits ? [stored[1].Id, stored[0].Id] : []);
        (await Other.CountsAsync()).Pending.ShouldBe(commits ? 2 : 0);
        (await Other.LogAsync()).Count.ShouldBe(commits ? 2 : 0);
        (await NotesAsync(connection)).ShouldBe(commits ? 1 : 0);
        (await (await Store.StartAsync()).ClaimAsync()).Count.ShouldBe(commits ? 2 : 0);
    }

    private sealed record Letter(string Text);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_front_door_enqueues_in_it_exists_if_and_only_if_it_commits(bool commits)
    {
        var catalog = new JobCatalog();
        catalog.Add(new JobType("letter", typeof(Letter), new JobTypeOptions(), Invoke: null));
        var jobs = new JobQueue(Store, catalog, new PayloadJson());
        await using var connection = await Fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        await jobs.EnqueueAsync(new Letter("one"), transaction);
        await jobs.EnqueueManyAsync([new Letter("two"), new Letter("three")], transaction);
        await jobs.EnqueueAsync(new Workflow().Add("first", new Letter("four")).Add("then", new Letter("five"), "first"), transaction);
        await jobs.EnqueueAsync(new JobBatch().Add(new Letter("six")), transaction);
        (await Other.FindAllAsync()).ShouldBeEmpty();

        await (commits ? transaction.CommitAsync() : transaction.RollbackAsync());
        (await Other.FindAllAsync()).OrderBy(job => job.Id.Value).Select(job => System.Text.Json.JsonDocument.Parse(job.Payload).RootElement.EnumerateObject().Single().Value.GetString())
            .ShouldBe(commits ? ["one", "two", "three", "four", "five", "six"] : []);
    }

    [Fact]
    public async Task A_wake_up_for_what_has_to_be_seen_to_first_leads_to_it_at_once()
    {
        var parent = await Store.AddOneAsync(Some.Job);
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
        await worker.ExchangeAsync([], max: 5);
        await using var connection = await Fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var stored = await Transactional.EnqueueAsync([Some.Job with { After = [parent] }, Some.Job with { ExclusiveKey = "k" }], transaction, CancellationToken.None);
        await transaction.CommitAsync();

        (await worker.ClaimRungAsync()).Claimed.Select(job => job.Id).ShouldBe(stored.Select(job => job.Id));
    }

    [Fact]
    public async Task A_scope_that_is_given_up_takes_back_nothing_that_was_answered()
    {
        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            // More than there are rings in a second: what goes without one is another statement.
            for (var turn = 0; turn < 100; turn++)
                await Store.AddAsync(Some.Job);
            (await Store.RequestAsync(JobRequest.Cancel, await Store.AddOneAsync(Some.Job))).ShouldBe(RequestAnswer.Done);
        }

        var counts = await Other.CountsAsync();
        (counts.Pending, counts.Cancelled).ShouldBe((100, 1));
    }

    [Fact]
    public async Task A_connection_may_be_used_again_and_again()
    {
        await using var connection = await Fixture.ConnectAsync();
        for (var turn = 0; turn < 3; turn++)
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await Transactional.EnqueueAsync([Some.Job], transaction, CancellationToken.None);
            await Transactional.EnqueueAsync([Some.Job], transaction, CancellationToken.None);
            await transaction.CommitAsync();
        }

        (await Other.CountsAsync()).Pending.ShouldBe(6);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Workers_wake_once_it_has_committed(bool elsewhere)
    {
        var heard = Channel.CreateUnbounded<WakeUp>();
        using var listening = (elsewhere ? Other : Store).Listen(WakeUp.Jobs, kinds => heard.Writer.TryWrite(kinds));
        await using var connection = await Fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await Transactional.EnqueueAsync([Some.Job], transaction, CancellationToken.None);
        // Whoever has to connect anew is woken in any case: what counts is to be woken afterwards.
        while (heard.Reader.TryRead(out _)) { }

        await transaction.CommitAsync();

        using var patience = new CancellationTokenSource(Patience);
        (await heard.Reader.ReadAsync(patience.Token)).ShouldBe(WakeUp.Jobs);
        (await Store.CountsAsync()).Pending.ShouldBe(1);
    }

    [Fact]
    public async Task A_taken_key_names_its_bearer()
    {
        var bearer = await Store.AddOneAsync(Some.Job with { UniqueKey = "k" });
        await using var connection = await Fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        var answers = await Transactional.EnqueueAsync([Some.Job with { UniqueKey = "k" }, Some.Job with { UniqueKey = "l" }, Some.Job with { UniqueKey = "l" }], transaction, CancellationToken.None);

        await transaction.CommitAsync();
        answers[0].ShouldBe(new EnqueuedJob(bearer, Existing: true, JobState.Pending));
        answers[2].ShouldBe(new EnqueuedJob(answers[1].Id, Existing: true, JobState.Pending));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_bearer_of_a_key_takes_over_a_time_if_and_only_if_the_transaction_commits(bool commits)
    {
        var ids = await Store.AddAsync(Some.Job with { UniqueKey = "k", ExclusiveKey = "e" }, Some.Job with { ExclusiveKey = "e" }, Some.Job with { UniqueKey = "l", ExclusiveKey = "f", Delay = TimeSpan.FromHours(1) });
        await using var connection = await Fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        var answers = await Transactional.EnqueueAsync(
            [Some.Job with { UniqueKey = "k", Delay = TimeSpan.FromSeconds(30), WhenTaken = WhenTaken.Replace }, Some.Job with { UniqueKey = "l", WhenTaken = WhenTaken.Replace }], transaction, CancellationToken.None);
        answers.Select(answer => (answer.Id, answer.Existing)).ShouldBe([(ids[0], true), (ids[2], true)]);
        if (commits)
            await transaction.CommitAsync();
        else
            await transaction.RollbackAsync();

        var worker = await Store.StartAsync();
        (await worker.ClaimAsync()).Select(job => job.Id).ShouldBe(commits ? [ids[1], ids[2]] : [ids[0]]);
        Advance(30);
        (await worker.ClaimAsync()).ShouldBeEmpty("one after the other");
    }

    [Fact]
    public async Task A_key_that_must_be_free_is_refused_in_it_as_well()
    {
        var bearer = await Store.AddOneAsync(Some.Job with { UniqueKey = "k" });
        await using var connection = await Fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        var error = await Should.ThrowAsync<UniqueKeyTakenException>(() => Transactional.EnqueueAsync([Some.Job, Some.Job with { UniqueKey = "k", WhenTaken = WhenTaken.Refuse }], transaction, CancellationToken.None));

        error.Bearer.ShouldBe(bearer);
        await transaction.RollbackAsync();
        (await Store.FindAllAsync()).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_job_ends_if_and_only_if_the_transaction_of_its_effect_commits(bool commits)
    {
        await Store.AddAsync(Some.Job);
        var worker = await Store.StartAsync();
        var job = await worker.ClaimOneAsync();
        await using var connection = await Fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await NoteAsync(connection, transaction, "effect");
        (await Transactional.SettleAsync(new AttemptEnd(job.Id, job.Lease, new Transition.Succeed(Some.Json("[1]")), Now), transaction, CancellationToken.None)).ShouldBeTrue();

        if (commits)
            await transaction.CommitAsync();
        else
            await transaction.RollbackAsync();

        var found = await Other.JobAsync(job.Id);
        (found.State, Some.Text(found.Result)).ShouldBe(commits ? (JobState.Succeeded, "[1]") : (JobState.Running, ""));
        (await NotesAsync(connection)).ShouldBe(commits ? 1 : 0);
        (await Other.LogKindsAsync(job.Id)).ShouldBe(commits ? ["enqueued", "claimed", "succeeded"] : ["enqueued", "claimed"]);
        (await worker.SettleAsync(job, Some.Success)).ShouldBe(!commits, "an end that is told again is refused");
    }

    [Fact]
    public async Task A_job_with_an_exclusive_key_comes_to_its_turn_once_the_transaction_has_committed()
    {
        var keyed = Some.Job with { ExclusiveKey = "k" };
        await using var connection = await Fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var stored = await Transactional.EnqueueAsync([keyed, keyed], transaction, CancellationToken.None);
        await transaction.CommitAsync();

        var worker = await Other.StartAsync();
        var first = await worker.ClaimAsync();
        first.Select(job => job.Id).ShouldBe([stored[0].Id]);
        await worker.SettleAsync(first[0], Some.Success);
        (await worker.ClaimAsync()).Select(job => job.Id).ShouldBe([stored[1].Id]);
    }

    [Fact]
    public async Task An_end_in_it_frees_the_place_of_an_exclusive_key_once_it_has_committed()
    {
        var jobs = await Store.AddAsync(Some.Job with { ExclusiveKey = "k" }, Some.Job with { ExclusiveKey = "k" });
        var worker = await Store.StartAsync();
        var first = await worker.ClaimOneAsync();
        await using var connection = await Fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        (await Transactional.SettleAsync(new AttemptEnd(first.Id, first.Lease, Some.Success, Now), transaction, CancellationToken.None)).ShouldBeTrue();
        await transaction.CommitAsync();

        (await (await Other.StartAsync()).ClaimAsync()).Select(job => job.Id).ShouldBe([jobs[1]]);
    }

    [Fact]
    public async Task A_lost_lease_ends_nothing_in_it()
    {
        await Store.AddAsync(Some.Job);
        var worker = await Store.StartAsync();
        var job = await worker.ClaimOneAsync();
        Fixture.Kill(worker.Id);
        await Other.RecoverAsync();
        await using var connection = await Fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        (await Transactional.SettleAsync(new AttemptEnd(job.Id, job.Lease, Some.Success, Now), transaction, CancellationToken.None)).ShouldBeFalse();

        await transaction.CommitAsync();
        (await Store.JobAsync(job.Id)).State.ShouldBe(JobState.Pending);
    }

    [Fact]
    public async Task A_transaction_that_is_over_or_of_another_database_is_refused()
    {
        await using var connection = await Fixture.ConnectAsync();
        var over = await connection.BeginTransactionAsync();
        await over.CommitAsync();
        await using var elsewhere = await Fixture.ConnectElsewhereAsync();
        await using var foreign = await elsewhere.BeginTransactionAsync();

        (await Should.ThrowAsync<ArgumentException>(() => Transactional.EnqueueAsync([Some.Job], over, CancellationToken.None))).Message.ShouldContain("committed or rolled back already");
        (await Should.ThrowAsync<ArgumentException>(() => Transactional.EnqueueAsync([Some.Job], foreign, CancellationToken.None))).Message.ShouldContain("the store is");
        (await Store.FindAllAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_context_of_EF_Core_enqueues_in_its_own_transaction()
    {
        await (await Fixture.ConnectAsync()).DisposeAsync();
        await using (var context = Fixture.OpenContext())
        {
            await using var transaction = await context.Database.BeginTransactionAsync();
            context.Notes.Add(new Note { Text = "kept" });
            await context.SaveChangesAsync();
            await Transactional.EnqueueAsync([Some.Job], transaction.GetDbTransaction(), CancellationToken.None);
            await transaction.CommitAsync();
        }
        await using (var context = Fixture.OpenContext())
        {
            await using var transaction = await context.Database.BeginTransactionAsync();
            context.Notes.Add(new Note { Text = "dropped" });
            await context.SaveChangesAsync();
            await Transactional.EnqueueAsync([Some.Job], transaction.GetDbTransaction(), CancellationToken.None);
        }

        await using var look = Fixture.OpenContext();
        (await look.Notes.Select(note => note.Text).ToListAsync()).ShouldBe(["kept"]);
        (await Store.CountsAsync()).Pending.ShouldBe(1);
    }

    [Fact]
    public async Task A_handler_ends_its_job_in_the_transaction_of_its_effect()
    {
        var job = await RunAsync(async context =>
        {
            await using var connection = await Fixture.ConnectAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await NoteAsync(connection, transaction, "effect");
            await context.CompleteAsync(transaction, Some.Json("[1]"));
            await transaction.CommitAsync();
        });

        (job.State, job.Attempt, Some.Text(job.Result)).ShouldBe((JobState.Succeeded, 1, "[1]"));
        await using var look = await Fixture.ConnectAsync();
        (await NotesAsync(look)).ShouldBe(1);
    }

    [Fact]
    public async Task A_handler_ends_its_job_in_the_transaction_of_its_context_of_EF_Core()
    {
        await (await Fixture.ConnectAsync()).DisposeAsync();
        var job = await RunAsync(async context =>
        {
            await using var notes = Fixture.OpenContext();
            await using var transaction = await notes.Database.BeginTransactionAsync();
            notes.Notes.Add(new Note { Text = $"attempt {context.Attempt}" });
            await notes.SaveChangesAsync();
            await context.CompleteAsync(transaction.GetDbTransaction(), Some.Json("[1]"));
            if (context.Attempt == 2)
                await transaction.CommitAsync();
        });

        (job.State, job.Attempt, Some.Text(job.Result)).ShouldBe((JobState.Succeeded, 2, "[1]"));
        await using var look = Fixture.OpenContext();
        (await look.Notes.Select(note => note.Text).ToListAsync()).ShouldBe(["attempt 2"]);
    }

    [Fact]
    public async Task A_handler_that_does_not_commit_has_failed_and_runs_again()
    {
        var job = await RunAsync(async context =>
        {
            await using var connection = await Fixture.ConnectAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await NoteAsync(connection, transaction, "effect");
            await context.CompleteAsync(transaction);
            if (context.Attempt == 2)
                await transaction.CommitAsync();
        });

        (job.State, job.Attempt).ShouldBe((JobState.Succeeded, 2));
        (await Store.AttemptsAsync(job.Id))[0].Error!.Type.ShouldBe("not-committed");
        await using var look = await Fixture.ConnectAsync();
        (await NotesAsync(look)).ShouldBe(1);
    }

    /// <summary>Has a worker run one job until it has succeeded.</summary>
    private async Task<Job> RunAsync(Func<JobContext, Task> handle)
    {
        var catalog = new JobCatalog();
        var options = new JobTypeOptions { Retry = new RetrySchedule { Base = TimeSpan.Zero } };
        catalog.Add(new JobType(Some.Type, null, options, async context =>
        {
            await handle(context);
            return default;
        }));
        var ends = Channel.CreateUnbounded<WakeUp>();
        using var listening = Store.Listen(WakeUp.Ends, kinds => ends.Writer.TryWrite(kinds));
        await using var worker = new WorkerHost(Store, catalog, new WorkerOptions { Concurrency = 2 }, clock: Clock);
        await worker.StartAsync();
        var id = await Store.AddOneAsync(Some.Job);
        using var patience = new CancellationTokenSource(Patience);
        while (await Store.JobAsync(id) is { State: not JobState.Succeeded })
            await ends.Reader.ReadAsync(patience.Token);
        await worker.StopAsync();
        return await Store.JobAsync(id);
    }

    private static async Task NoteAsync(DbConnection connection, DbTransaction transaction, string text)
    {
        await using var insert = connection.CreateCommand();
        insert.Transaction = transaction;
        insert.CommandText = $"INSERT INTO notes (text) VALUES ('{text}')";
        await insert.ExecuteNonQueryAsync();
    }

    private static async Task<long> NotesAsync(DbConnection connection)
    {
        await using var count = connection.CreateCommand();
        count.CommandText = "SELECT count(*) FROM notes";
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
