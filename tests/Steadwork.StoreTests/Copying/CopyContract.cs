using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Steadwork.Storage;
using Steadwork.Storage.Copying;
using Steadwork.StoreTests.Fixtures;
using Steadwork.StoreTests.Model;
using Xunit;

namespace Steadwork.StoreTests.Copying;

/// <summary>A copy shows what the store showed, and goes on as that would have.</summary>
public abstract class CopyContract<TFrom, TTo> : IAsyncLifetime
    where TFrom : IStoreFixture, new()
    where TTo : IStoreFixture, new()
{
    private const int Usual = 40;
    private const string SequencesVariable = "STEADWORK_MODEL_SEQUENCES";

    private readonly TFrom from = new();
    private readonly TTo to = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await to.CheckAsync();
        await from.DisposeAsync();
        await to.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task It_shows_the_same()
    {
        await Copies.FillAsync(from);

        var copied = await Copies.MakeAsync(from, to);

        (await Picture.OfAsync(to.Store)).ShouldBe(await Picture.OfAsync(from.Store));
        copied.Select(section => section.Section.Name).ShouldBe(["queues", "schedules", "pauses", "settings", "limits", "limit-uses", "held-keys", "breakers", "breaker-types", "breaker-calls", "lanes", "batches", "jobs", "dependencies", "attempts", "log", "counters"]);
        copied.ShouldAllBe(section => section.Rows > 0 && section.Hash.Length == 64);
        (await to.Store.DefineQueueAsync("run:ü", "{}", CancellationToken.None)).ShouldContain("echo");
    }

    [Fact]
    public async Task An_empty_store_is_copied_too()
    {
        await Copies.MakeAsync(from, to);
        (await to.Store.AddOneAsync(Some.Job)).Value.ShouldBe(1);
        (await to.Store.LogAsync()).Single().Position.ShouldBe(1);
    }

    [Fact]
    public async Task It_can_be_worked_in()
    {
        await Copies.FillAsync(from);
        var before = await from.Store.StatisticsAsync();
        var (lastLease, lastJob, lastWorker) = await LastAsync();

        await Copies.MakeAsync(from, to);
        var store = to.Store;
        var logged = (await store.StatisticsAsync()).LogPosition;
        logged.ShouldBe((await from.Store.StatisticsAsync()).LogPosition);

        // Keys that are taken, and one that is not.
        foreach (var key in new[] { "done", "dead", "ended", "later", "lent", "taken" })
            (await store.EnqueueOneAsync(Some.Job with { UniqueKey = key })).Existing.ShouldBeTrue(key);
        (await store.EnqueueOneAsync(Some.Job with { UniqueKey = "free again" })).Id.Value.ShouldBe(lastJob + 1);

        // What is claimed, is it under numbers that were never given?
        var worker = await store.StartAsync(["q", Defaults.Queue], capacity: 100);
        worker.Id.Value.ShouldBe(lastWorker + 1);
        var claimed = await worker.ClaimAsync(100);
        claimed.ShouldNotBeEmpty();
        claimed.Select(job => job.Lease.Value).ShouldBe(Enumerable.Range(1, claimed.Count).Select(number => lastLease + number));
        (await worker.SettleAsync(claimed[0], Some.Success)).ShouldBeTrue();

        // A delayed job falls due, a dead one is tried again.
        to.Clock.Advance(TimeSpan.FromSeconds(100));
        (await worker.ClaimAsync(100, holding: claimed.Count - 1)).ShouldContain(job => job.Attempt == 2);
        var dead = (await store.FindAsync(new JobQuery { State = JobState.Failed })).First(job => job.UniqueKey is null);
        (await store.RequestAsync(JobRequest.Retry, dead.Id)).ShouldBe(RequestAnswer.Done);
        (await worker.ClaimAsync(100, holding: 1)).ShouldHaveSingleItem().Id.ShouldBe(dead.Id);

        var positions = (await store.LogAsync(logged - 5)).Select(entry => entry.Position).ToList();
        positions.ShouldBe(Enumerable.Range(0, positions.Count).Select(number => logged - 4 + number));
        before.Lanes.Count.ShouldBeGreaterThan(3);
    }

    [Fact]
    public async Task One_that_is_not_committed_leaves_nothing()
    {
        await Copies.FillAsync(from);
        await from.Store.RetireAsync();
        await from.Store.SettleDownAsync();
        var empty = await Picture.OfAsync(to.Store);
        await using (var reader = await from.Store.Copyable().ReadOutAsync(CancellationToken.None))
        await using (var writer = await to.Store.Copyable().FillAsync(CancellationToken.None))
            await StoreCopy.WriteAsync(reader, writer, progress: null, CancellationToken.None);

        (await Picture.OfAsync(to.Store)).ShouldBe(empty);
        await using (var reader = await to.Store.Copyable().ReadOutAsync(CancellationToken.None))
            (await StoreCopy.IsEmptyAsync(reader, CancellationToken.None)).ShouldBeTrue();
        await Copies.MakeAsync(from, to);
        (await Picture.OfAsync(to.Store)).ShouldBe(await Picture.OfAsync(from.Store));
    }

    [Fact]
    public void Whatever_happened_before_it_goes_on_as_the_store_would_have() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(HowMany).WithEndSize(40),
        Prop.ForAll(Sequences.Arbitrary, Sequences.Arbitrary, (before, after) => DifferenceAsync(before, after).GetAwaiter().GetResult().ShouldBeNull()));

    private static int HowMany => int.TryParse(Environment.GetEnvironmentVariable(SequencesVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : Usual;

    private static async Task<string?> DifferenceAsync(Sequence before, Sequence after)
    {
        await using var original = new TFrom();
        await using var copy = new TTo();
        var past = new Subject(original);
        foreach (var command in before.Commands)
            await command.ApplyAsync(past);
        await past.EndAllAsync();
        await Copies.MakeAsync(original, copy);
        if (await Picture.OfAsync(copy.Store) is var shown && await Picture.OfAsync(original.Store) is var wanted && shown != wanted)
            return $"The copy differs:\n{Comparison.Differing(wanted, shown)}";

        await original.Store.Copyable().ReopenAsync(CancellationToken.None);
        var (one, two) = (past.Successor(original), past.Successor(copy));
        return await Comparison.DifferenceAsync(one, two, after);
    }

    private async Task<(long Lease, long Job, long Worker)> LastAsync()
    {
        await using var reader = await from.Store.Copyable().ReadOutAsync(CancellationToken.None);
        var counters = new Dictionary<string, long>();
        await foreach (var row in reader.ReadAsync(CopySection.Counters, CancellationToken.None))
            counters[(string)row[0]!] = (long?)row[1] ?? 0;
        return (counters["lease"], counters["job"], counters["worker"]);
    }
}

public sealed class SqliteToSqlite : CopyContract<SqliteFixture, SqliteFixture>;

public sealed class SqliteToPostgreSql : CopyContract<SqliteFixture, PostgreSqlFixture>;

public sealed class PostgreSqlToSqlite : CopyContract<PostgreSqlFixture, SqliteFixture>;

public sealed class PostgreSqlToPostgreSql : CopyContract<PostgreSqlFixture, PostgreSqlFixture>;
