using Shouldly;
using Steadwork.Sqlite;
using Steadwork.Sqlite.Connections;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.OnSqlite;

/// <summary>What may stand in the way of a writer, and what it does then.</summary>
public sealed class WritingTests : IAsyncDisposable
{
    private readonly SqliteFixture fixture = new();

    private IStore Store => fixture.Store;

    [Fact]
    public async Task A_reader_that_stays_open_stops_no_writer()
    {
        await Store.AddAsync(Some.Job);
        using var reader = Connect();
        reader.Execute("BEGIN");
        reader.ReadNumber("SELECT count(*) FROM jobs").ShouldBe(1);

        for (var round = 0; round < 20; round++)
            await Store.AddAsync(Some.Jobs(500));

        (await Store.CountsAsync()).Pending.ShouldBe(10_001);
        reader.ReadNumber("SELECT count(*) FROM jobs").ShouldBe(1, "it still sees the moment at which it began");
        reader.Execute("COMMIT");
        reader.ReadNumber("SELECT count(*) FROM jobs").ShouldBe(10_001);
    }

    [Fact]
    public async Task A_writer_waits_for_another_programs_lock_and_then_goes_on()
    {
        using var locking = Connect();
        locking.TryBegin().ShouldBeTrue();

        var enqueueing = Store.AddOneAsync(Some.Job);
        (await Store.FindAllAsync()).ShouldBeEmpty("reading goes on beside it");
        enqueueing.IsCompleted.ShouldBeFalse();
        locking.Execute("COMMIT");

        (await Store.JobAsync(await enqueueing)).State.ShouldBe(JobState.Pending);
    }

    [Fact]
    public async Task The_log_of_changes_is_moved_into_the_file_when_the_store_is_closed()
    {
        var store = fixture.OpenAnother();
        await store.AddAsync(Some.Jobs(2_000));
        var before = new FileInfo(fixture.Path).Length;

        await store.DisposeAsync();

        new FileInfo(fixture.Path).Length.ShouldBeGreaterThan(before);
    }

    [Fact]
    public async Task The_log_of_changes_is_moved_into_the_file_when_nobody_writes_rather_than_before_a_callers_answer()
    {
        var before = FileLength;
        while (LogPages < 600)
            await Store.AddOneAsync(Some.Job);
        FileLength.ShouldBe(before, "every caller was answered without it");

        fixture.Clock.Advance(TimeSpan.FromMilliseconds(10));

        FileLength.ShouldBeGreaterThan(before);
    }

    [Fact]
    public async Task The_log_of_changes_does_not_grow_without_end_where_writing_has_none()
    {
        var before = FileLength;

        for (var job = 0; job < 500; job++)
            await Store.AddOneAsync(Some.Job);

        FileLength.ShouldBeGreaterThan(before);
        LogPages.ShouldBeInRange(1_000, 1_050);
    }

    [Fact]
    public async Task Values_that_the_table_refuses_fail_their_own_caller_alone()
    {
        var good = Enumerable.Range(0, 10).Select(_ => Store.AddOneAsync(Some.Job)).ToList();
        var bad = Store.AddAsync(Some.Job, Some.Job with { Priority = 5_000 });
        good.AddRange(Enumerable.Range(0, 10).Select(_ => Store.AddOneAsync(Some.Job)));

        await Should.ThrowAsync<Exception>(() => bad);
        (await Task.WhenAll(good)).ShouldBeUnique();
        (await Store.FindAllAsync()).Count.ShouldBe(20);
        await fixture.CheckAsync();
    }

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    private long FileLength => new FileInfo(fixture.Path).Length;

    private long LogPages => new FileInfo(fixture.Path + "-wal").Length / (4096 + 24);

    private Database Connect() => new(fixture.Path, Synchronous.Normal, TimeSpan.FromSeconds(10));
}
