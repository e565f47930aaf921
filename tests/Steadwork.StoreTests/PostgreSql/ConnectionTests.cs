using System.Threading.Channels;
using Npgsql;
using Shouldly;
using Steadwork.PostgreSql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Steadwork.Workers;
using Xunit;

namespace Steadwork.StoreTests.OnPostgreSql;

/// <summary>What the store needs of connections and rights, and what others hold.</summary>
public sealed class ConnectionTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly PostgreSqlFixture fixture = new();
    private readonly TemporaryFolder folder = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await fixture.CheckAsync();
        await fixture.DisposeAsync();
        folder.Dispose();
    }

    [Theory]
    [InlineData(2, true, true)]
    [InlineData(3, true, true)]
    [InlineData(2, false, false)]
    [InlineData(100, true, false)]
    public async Task A_worker_works_with_few_connections_and_without_what_a_pooler_cannot_do(int connections, bool listens, bool prepares)
    {
        await using var source = NpgsqlDataSource.Create(Settings(settings => settings.MaxPoolSize = connections));
        await using var store = await PostgreSqlStore.OpenAsync(source, Options(options => (options.Listen, options.Prepare) = (listens, prepares)), TestContext.Current.CancellationToken);
        await WorkAsync(store, jobs: 200);
    }

    [Fact]
    public async Task Connections_that_are_handed_on_as_they_are_hear_nothing_of_other_stores()
    {
        await using var source = NpgsqlDataSource.Create(Settings(settings => (settings.MaxPoolSize, settings.NoResetOnClose) = (5, true)));
        var heard = Channel.CreateUnbounded<WakeUp>();
        await using (var store = await PostgreSqlStore.OpenAsync(source, Options(_ => { }), TestContext.Current.CancellationToken))
        {
            using var listening = store.Listen(WakeUp.Jobs, kinds => heard.Writer.TryWrite(kinds));
            await fixture.Store.AddAsync(Some.Job);
            (await heard.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken)).ShouldBe(WakeUp.Jobs);
        }
        (await OnAllAsync("SELECT pg_listening_channels()")).ShouldBeEmpty("its connections listen still");

        // Nor by what somebody else listened to.
        await OnAllAsync($"LISTEN {fixture.Schema}_wake");
        var other = fixture.Schema + " beside";
        try
        {
            await using var store = await PostgreSqlStore.OpenAsync(source, Options(options => (options.Schema, options.Create) = (other, true)), TestContext.Current.CancellationToken);
            using var listening = store.Listen(WakeUp.Jobs | WakeUp.Ends, kinds => heard.Writer.TryWrite(kinds));
            await using var there = await PostgreSqlStore.OpenAsync(PostgreSqlServer.Source, Options(options => options.Schema = other), TestContext.Current.CancellationToken);
            PostgreSqlServer.Execute($"SELECT pg_notify('{fixture.Schema}_wake', 'somebody:{(int)WakeUp.Ends}:0')");
            await there.AddAsync(Some.Job);

            (await heard.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken)).ShouldBe(WakeUp.Jobs);
        }
        finally
        {
            PostgreSqlServer.Execute($"DROP SCHEMA \"{other}\" CASCADE");
        }

        async Task<List<object>> OnAllAsync(string text)
        {
            var connections = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => source.OpenConnectionAsync(TestContext.Current.CancellationToken).AsTask()));
            var answers = new List<object>();
            foreach (var connection in connections)
            {
                await using var command = new NpgsqlCommand(text, connection);
                if (await command.ExecuteScalarAsync(TestContext.Current.CancellationToken) is { } answer)
                    answers.Add(answer);
            }
            foreach (var connection in connections)
                await connection.DisposeAsync();
            return answers;
        }
    }

    [Fact]
    public async Task A_server_that_is_too_busy_to_answer_at_once_is_asked_again()
    {
        var there = ConnectionUrl.Read(PostgreSqlServer.Url).Settings;
        await using var busy = new ServerFront(there.Host!, there.Port);
        var address = Settings(settings => (settings.Host, settings.Port, settings.Timeout) = ("127.0.0.1", busy.Port, 1)).ConnectionString;
        busy.LeaveNext();
        await using var store = await PostgreSqlStore.OpenAsync(address, Options(options => options.ConnectPatience = Patience), TestContext.Current.CancellationToken);
        busy.Asked.ShouldBeGreaterThan(1);

        // Later as well: whoever listens keeps the connection that there is.
        using var listening = store.Listen(WakeUp.Jobs, _ => { });
        var asked = busy.Asked;
        busy.LeaveNext();
        (await store.AddOneAsync(Some.Job)).ShouldBe(new JobId(1));
        busy.Asked.ShouldBeGreaterThan(asked + 1);
    }

    [Fact]
    public async Task Where_the_address_says_how_long_to_wait_for_a_server_it_is_asked_once()
    {
        var there = ConnectionUrl.Read(PostgreSqlServer.Url).Settings;
        await using var busy = new ServerFront(there.Host!, there.Port);
        // Npgsql would else ask again without GSS after any error, in what is left of its time.
        var address = $"postgres://{there.Username}@127.0.0.1:{busy.Port}/{there.Database}?schema={fixture.Schema}&connect_timeout=1&gssencmode=disable";
        busy.LeaveNext();
        var error = await Should.ThrowAsync<StoreUnavailableException>(() => PostgreSqlStore.OpenAsync(address, Options(_ => { }), TestContext.Current.CancellationToken));
        error.Message.ShouldBe($"The store at 127.0.0.1:{busy.Port}/{there.Database}, schema {fixture.Schema} cannot be reached: it did not answer in time.");
        busy.Asked.ShouldBe(1);
    }

    [Theory]
    [InlineData("postgres://u@h/d", false)]
    [InlineData("postgres://u@h/d?connect_timeout=15", true)]
    [InlineData("Host=h;Timeout=15", true)]
    [InlineData("Host=h;Command Timeout=15", false)]
    public void It_is_known_whether_an_address_says_how_long_a_connection_may_take(string address, bool says) =>
        ConnectionUrl.Says(ConnectionUrl.Read(address).Settings.ConnectionString, "Timeout").ShouldBe(says);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 1)]
    [InlineData(30, 7)]
    [InlineData(3600, 10)]
    public void A_heartbeat_that_gets_no_answer_can_be_tried_again_within_the_lease(int lease, int seconds) =>
        Heartbeat.AnswerSeconds(TimeSpan.FromSeconds(lease)).ShouldBe(seconds);

    [Fact]
    public async Task A_role_that_may_not_create_anything_can_work_in_a_store_that_is_there()
    {
        var role = fixture.Schema + "_role";
        PostgreSqlServer.Execute($"""
            CREATE ROLE {role} LOGIN PASSWORD 'secret';
            GRANT USAGE ON SCHEMA {fixture.Schema} TO {role};
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {fixture.Schema} TO {role};
            GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {fixture.Schema} TO {role};
            """);
        try
        {
            await using var source = NpgsqlDataSource.Create(Settings(settings => (settings.Username, settings.Password) = (role, "secret")));
            await using var store = await PostgreSqlStore.OpenAsync(source, Options(options => options.Create = true), TestContext.Current.CancellationToken);
            await WorkAsync(store, jobs: 20);
            await store.SetLimitAsync(new RateLimit(LimitScope.Queue, Defaults.Queue, 1, TimeSpan.FromMinutes(1)), "somebody", TestContext.Current.CancellationToken);
            await store.AddAsync(Some.Jobs(2));
            var worker = await store.StartAsync(breakers: [new BreakerDefinition("smtp")], typeBreakers: [new TypeBreakers(Some.Type, ["smtp"])]);
            (await worker.ClaimAsync()).Count.ShouldBe(1);
        }
        finally
        {
            PostgreSqlServer.Execute($"DROP OWNED BY {role}; DROP ROLE {role}");
        }
    }

    [Fact]
    public async Task Many_that_open_a_missing_store_at_once_make_it_once()
    {
        var schema = fixture.Schema + " at once";
        try
        {
            var stores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PostgreSqlStore.OpenAsync(PostgreSqlServer.Source, Options(options => (options.Schema, options.Create) = (schema, true)))));
            await stores[0].EnqueueAsync([Some.Job], TestContext.Current.CancellationToken);
            (await stores[7].StatisticsAsync()).Lanes.Count.ShouldBe(1);
            foreach (var store in stores)
                await store.DisposeAsync();
        }
        finally
        {
            PostgreSqlServer.Execute($"DROP SCHEMA \"{schema}\" CASCADE");
        }
    }

    [Fact]
    public async Task A_missing_store_is_not_made_where_it_may_not_be()
    {
        var error = await Should.ThrowAsync<StoreUnavailableException>(() => PostgreSqlStore.OpenAsync(PostgreSqlServer.Source, Options(options => options.Schema = "none_such")));
        error.Message.ShouldStartWith("There is no store at ");
    }

    [Fact]
    public async Task A_store_of_a_newer_version_is_refused()
    {
        PostgreSqlServer.Execute($"UPDATE {fixture.Schema}.schema_version SET version = 99");
        try
        {
            var error = await Should.ThrowAsync<StoreUnavailableException>(() => PostgreSqlStore.OpenAsync(PostgreSqlServer.Source, Options(_ => { })));
            error.Message.ShouldContain("has schema version 99; this program knows versions up to");
        }
        finally
        {
            PostgreSqlServer.Execute($"UPDATE {fixture.Schema}.schema_version SET version = {Opening.CurrentVersion}");
        }
    }

    [Fact]
    public async Task An_open_transaction_that_holds_a_key_keeps_no_other_caller_waiting()
    {
        await using var connection = await fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await ((ITransactionalStore)fixture.Store).EnqueueAsync([Some.Job with { UniqueKey = "held" }], transaction, TestContext.Current.CancellationToken);

        var waiting = fixture.Store.EnqueueOneAsync(Some.Job with { UniqueKey = "held" });
        var others = Task.WhenAll(Enumerable.Range(0, 50).Select(number => fixture.Store.EnqueueOneAsync(Some.Job with { UniqueKey = number % 2 == 0 ? null : $"free {number}" })));

        (await others.WaitAsync(Patience, TestContext.Current.CancellationToken)).ShouldAllBe(job => !job.Existing);
        waiting.IsCompleted.ShouldBeFalse("whether the key is taken is not known before the transaction ends");
        await transaction.RollbackAsync(TestContext.Current.CancellationToken);
        (await waiting.WaitAsync(Patience, TestContext.Current.CancellationToken)).Existing.ShouldBeFalse();
    }

    [Fact]
    public async Task Keys_that_open_transactions_hold_keep_neither_the_writers_nor_other_callers()
    {
        await using var connection = await fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        NewJob[] held = [.. Enumerable.Range(0, 12).Select(number => Some.Job with { UniqueKey = $"held {number}" })];
        await ((ITransactionalStore)fixture.Store).EnqueueAsync(held, transaction, TestContext.Current.CancellationToken);

        var waiting = held.Select(job => fixture.Store.EnqueueOneAsync(job)).ToList();
        for (var turn = 0; turn < 5; turn++)
            await fixture.Store.EnqueueOneAsync(Some.Job with { UniqueKey = $"free {turn}" }).WaitAsync(Patience, TestContext.Current.CancellationToken);

        waiting.ShouldAllBe(answer => !answer.IsCompleted);
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        (await Task.WhenAll(waiting).WaitAsync(Patience, TestContext.Current.CancellationToken)).ShouldAllBe(job => job.Existing);
    }

    [Fact]
    public async Task Callers_whose_transactions_have_all_connections_can_enqueue_the_first_job_of_a_type()
    {
        await using var source = NpgsqlDataSource.Create(Settings(settings => settings.MaxPoolSize = 2));
        await using var store = await PostgreSqlStore.OpenAsync(source, Options(options => options.Listen = false), TestContext.Current.CancellationToken);
        await using var one = await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var two = await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var first = await one.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var second = await two.BeginTransactionAsync(TestContext.Current.CancellationToken);

        // The second time it finds the lane that it has made itself, which comes to nothing.
        for (var turn = 0; turn < 2; turn++)
            await ((ITransactionalStore)store).EnqueueAsync([Some.Job with { Type = "new" }], first, TestContext.Current.CancellationToken);
        await first.RollbackAsync(TestContext.Current.CancellationToken);
        await ((ITransactionalStore)store).EnqueueAsync([Some.Job with { Type = "new" }], second, TestContext.Current.CancellationToken);
        await second.CommitAsync(TestContext.Current.CancellationToken);
        await one.CloseAsync();
        await store.EnqueueOneAsync(Some.Job with { Type = "new" });

        (await fixture.Store.StatisticsAsync()).Lanes.Single().Counts.Pending.ShouldBe(2);
    }

    [Theory]
    [InlineData(System.Data.IsolationLevel.RepeatableRead)]
    [InlineData(System.Data.IsolationLevel.Serializable)]
    public async Task A_unique_key_is_refused_where_its_bearer_cannot_be_seen(System.Data.IsolationLevel level)
    {
        await using var connection = await fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(level, TestContext.Current.CancellationToken);
        var transactional = (ITransactionalStore)fixture.Store;

        (await Should.ThrowAsync<ArgumentException>(() => transactional.EnqueueAsync([Some.Job with { UniqueKey = "k" }], transaction, TestContext.Current.CancellationToken)))
            .Message.ShouldStartWith($"A job with a unique key ('k') cannot be enqueued in a transaction of the level {level}");
        await transactional.EnqueueAsync([Some.Job], transaction, TestContext.Current.CancellationToken);
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        (await fixture.Store.CountsAsync()).Pending.ShouldBe(1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_end_whose_job_was_ended_in_a_transaction_that_is_open_is_put_off_and_keeps_no_other_waiting(bool commits)
    {
        await fixture.Store.AddAsync(Some.Job, Some.Job, Some.Job);
        var worker = await fixture.Store.StartAsync();
        var jobs = await worker.ClaimAsync(2);
        await using var connection = await fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await ((ITransactionalStore)fixture.Store).SettleAsync(new AttemptEnd(jobs[0].Id, jobs[0].Lease, Some.Success, null), transaction, TestContext.Current.CancellationToken);
        AttemptEnd[] ends = [.. jobs.Select(job => new AttemptEnd(job.Id, job.Lease, new Transition.Release(Started: true), null))];

        for (var turn = 0; turn < 2; turn++)
        {
            var exchange = await worker.ExchangeAsync(ends, max: turn == 0 ? 0 : 5, holding: 0).WaitAsync(Patience, TestContext.Current.CancellationToken);
            exchange.PutOff.ShouldBe([0]);
            exchange.Accepted.ShouldBe([false, turn == 0]);
            exchange.Claimed.Count.ShouldBe(turn == 0 ? 0 : 2);
        }
        // Neither does it keep the others of a dead worker.
        fixture.Kill(worker.Id);
        (await fixture.Store.RecoverAsync()).Single().Jobs.Count.ShouldBe(2);
        (await fixture.Store.RecoverAsync()).ShouldBeEmpty();

        if (commits)
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
        else
            await transaction.RollbackAsync(TestContext.Current.CancellationToken);
        (await worker.ExchangeAsync(ends[..1])).ShouldSatisfyAllConditions(
            exchange => exchange.PutOff.ShouldBeEmpty(),
            exchange => exchange.Accepted.ShouldBe([!commits]));
    }

    [Fact]
    public async Task A_handler_that_leaves_its_transaction_open_keeps_no_other_job_of_its_worker_waiting()
    {
        const int Others = 30;
        await using var connection = await fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        var left = Others;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var leftOpen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var catalog = new JobCatalog();
        catalog.Add(new JobType("leaves it open", null, new JobTypeOptions(), async context =>
        {
            await context.CompleteAsync(transaction);
            leftOpen.TrySetResult();
            return default;
        }));
        catalog.Add(new JobType(Some.Type, null, new JobTypeOptions(), _ =>
        {
            if (Interlocked.Decrement(ref left) == 0)
                done.TrySetResult();
            return Task.FromResult<ReadOnlyMemory<byte>>(default);
        }));
        await using var store = await PostgreSqlStore.OpenAsync(PostgreSqlServer.Source, Options(_ => { }), TestContext.Current.CancellationToken);
        var first = await store.AddOneAsync(Some.Job with { Type = "leaves it open", Priority = 1 });
        await using var worker = new WorkerHost(store, catalog, new WorkerOptions { Concurrency = 2, PollInterval = TimeSpan.FromMilliseconds(50) });
        await worker.StartAsync(TestContext.Current.CancellationToken);
        await leftOpen.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await store.AddAsync(Some.Jobs(Others));
        await done.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);

        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        await worker.StopAsync(TestContext.Current.CancellationToken);
        (await store.JobAsync(first)).State.ShouldBe(JobState.Succeeded);
        (await store.CountsAsync()).Succeeded.ShouldBe(Others + 1);
    }

    [Fact]
    public async Task An_examination_by_a_role_that_may_see_little_still_tells_of_a_held_snapshot()
    {
        var role = fixture.Schema + "_looker";
        PostgreSqlServer.Execute($"CREATE ROLE {role} LOGIN PASSWORD 'secret'; GRANT USAGE ON SCHEMA {fixture.Schema} TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA {fixture.Schema} TO {role}; GRANT SELECT ON ALL SEQUENCES IN SCHEMA {fixture.Schema} TO {role}");
        try
        {
            await using var connection = await fixture.ConnectAsync();
            await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, TestContext.Current.CancellationToken);
            await using var look = connection.CreateCommand();
            look.Transaction = transaction;
            look.CommandText = "SELECT count(*) FROM notes";
            await look.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            // It sees how far behind the others' snapshots are, and nothing else of them.
            PostgreSqlServer.Execute("DO $$ BEGIN FOR turn IN 1..10100 LOOP BEGIN PERFORM pg_current_xact_id(); INSERT INTO pg_temp.spent VALUES (turn); EXCEPTION WHEN undefined_table THEN CREATE TEMP TABLE spent (turn integer); END; END LOOP; END $$");
            await using var source = NpgsqlDataSource.Create(Settings(settings => (settings.Username, settings.Password) = (role, "secret")));
            await using var store = await PostgreSqlStore.OpenAsync(source, Options(_ => { }), TestContext.Current.CancellationToken);

            (await ExamineAsync(store, "snapshot")).ShouldSatisfyAllConditions(
                finding => finding.Level.ShouldBe(FindingLevel.Warn),
                finding => finding.Text.ShouldStartWith("Dead rows cannot be removed, because of the session of "));
        }
        finally
        {
            PostgreSqlServer.Execute($"DROP OWNED BY {role}; DROP ROLE {role}");
        }
    }

    [Fact]
    public async Task An_examination_tells_of_a_held_snapshot_and_of_a_missing_index()
    {
        await using var store = await PostgreSqlStore.OpenAsync(PostgreSqlServer.Source, Options(options => options.HeldSnapshot = TimeSpan.Zero), TestContext.Current.CancellationToken);
        (await ExamineAsync(store, "indexes")).Level.ShouldBe(FindingLevel.Pass);
        await using var connection = await fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, TestContext.Current.CancellationToken);
        await using var look = connection.CreateCommand();
        look.Transaction = transaction;
        look.CommandText = "SELECT count(*) FROM notes; SET application_name = 'the culprit'; SELECT pg_current_xact_id()";
        await look.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        PostgreSqlServer.Execute($"ALTER INDEX {fixture.Schema}.jobs_due RENAME TO gone");
        try
        {
            var indexes = await ExamineAsync(store, "indexes");
            (indexes.Level, indexes.Text).ShouldBe((FindingLevel.Fail, "Missing or not valid: jobs_due. Make them again as the migrations do; without them claims scan."));
            (await ExamineAsync(store, "snapshot")).Level.ShouldBe(FindingLevel.Warn);
        }
        finally
        {
            PostgreSqlServer.Execute($"ALTER INDEX {fixture.Schema}.gone RENAME TO jobs_due");
        }
    }

    private static async Task<Finding> ExamineAsync(PostgreSqlStore store, string name) =>
        (await store.ExamineAsync(TestContext.Current.CancellationToken)).Single(finding => finding.Name == name);

    [Theory]
    [InlineData("", 0)]
    [InlineData(" ", 0)]
    [InlineData("*", 1)]
    [InlineData("a, b", 1)]
    [InlineData("FIRST 1 (a, b)", 1)]
    [InlineData("2 (a, b, c)", 2)]
    [InlineData(" any 3(\"a\", b, c)", 3)]
    [InlineData("first", 1)]
    public void How_many_standbys_a_commit_waits_for_is_read_as_the_server_reads_it(string names, int count) => Examining.StandbysIn(names).ShouldBe(count);

    [Theory]
    [InlineData(2, false)]
    [InlineData(100, true)]
    public async Task Pruning_takes_large_steps_where_there_are_connections_for_others(int connections, bool large)
    {
        await using var source = NpgsqlDataSource.Create(Settings(settings => settings.MaxPoolSize = connections));
        await using var store = await PostgreSqlStore.OpenAsync(source, Options(options => options.Listen = false), TestContext.Current.CancellationToken);
        store.PrunePace.ShouldBe(large ? new PrunePace(2000, 1) : PrunePace.Gentle);
    }

    [Fact]
    public async Task Workers_wake_when_a_transaction_has_committed_whose_connection_has_gone_on_to_the_next_caller()
    {
        await using var source = NpgsqlDataSource.Create(Settings(settings => settings.MaxPoolSize = 1));
        var heard = Channel.CreateUnbounded<WakeUp>();
        using var listening = fixture.Store.Listen(WakeUp.Jobs, kinds => heard.Writer.TryWrite(kinds));
        await using (var first = await source.OpenConnectionAsync(TestContext.Current.CancellationToken))
        await using (var transaction = await first.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            await ((ITransactionalStore)fixture.Store).EnqueueAsync([Some.Job], transaction, TestContext.Current.CancellationToken);
            while (heard.Reader.TryRead(out _)) { }
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
        }
        await using var second = source.OpenConnection();
        await using var open = second.BeginTransaction();
        (await heard.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken)).ShouldBe(WakeUp.Jobs);
    }

    [Theory]
    [InlineData("postgres://u:p%40ss@h:6543/d?sslmode=require&application_name=x&schema=jobs&listen=false", "h", 6543, "u", "p@ss", "d", "jobs", false)]
    [InlineData("postgresql://h", "h", 5432, null, null, null, null, null)]
    [InlineData("postgres://u@a:1,b:2/d?target_session_attrs=read-write", "a:1,b:2", 5432, "u", null, "d", null, null)]
    [InlineData("Host=h;Database=d;Username=u", "h", 5432, "u", null, "d", null, null)]
    public void Addresses_are_read_as_libpq_reads_them(string address, string host, int port, string? user, string? password, string? database, string? schema, bool? listen)
    {
        var (settings, store) = ConnectionUrl.Read(address);
        (settings.Host, settings.Port, settings.Username, settings.Password, settings.Database, store.Schema, store.Listen).ShouldBe((host, port, user, password, database, schema, listen));
    }

    [Theory]
    [InlineData("postgres://u:secret@h:port/d")]
    [InlineData("postgres://u:secret@h/d?sslmode=sometimes")]
    [InlineData("postgres://u:secret@h/d?colour=blue")]
    [InlineData("postgres://u:secret@h/d?listen=perhaps")]
    [InlineData("postgres://u:se/secret@h/d")]
    [InlineData("postgres://u:secret@h:99999/d")]
    [InlineData("postgres://u:secret@h:99999999999/d")]
    [InlineData("Host=h;Password=secret;Colour=blue")]
    public void An_address_that_cannot_be_read_is_refused_without_repeating_it(string address) =>
        Should.Throw<FormatException>(() => ConnectionUrl.Read(address)).Message.ShouldNotContain("secret");

    private static NpgsqlConnectionStringBuilder Settings(Action<NpgsqlConnectionStringBuilder> change)
    {
        var settings = ConnectionUrl.Read(PostgreSqlServer.Url).Settings;
        change(settings);
        return settings;
    }

    private PostgreSqlStoreOptions Options(Action<PostgreSqlStoreOptions> change)
    {
        var options = new PostgreSqlStoreOptions { Schema = fixture.Schema, Create = false, Clock = fixture.Clock, MachineFolder = folder.File("workers") };
        change(options);
        return options;
    }

    private static async Task WorkAsync(IStore store, int jobs)
    {
        var left = jobs;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var catalog = new JobCatalog();
        catalog.Add(new JobType(Some.Type, null, new JobTypeOptions(), _ =>
        {
            if (Interlocked.Decrement(ref left) == 0)
                done.TrySetResult();
            return Task.FromResult<ReadOnlyMemory<byte>>(default);
        }));
        await using var worker = new WorkerHost(store, catalog, new WorkerOptions { Concurrency = 4, PollInterval = TimeSpan.FromMilliseconds(50) });
        await worker.StartAsync(TestContext.Current.CancellationToken);
        await Task.WhenAll(Enumerable.Range(0, jobs).Select(_ => store.EnqueueOneAsync(Some.Job)));
        await done.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await worker.StopAsync(TestContext.Current.CancellationToken);
        (await store.CountsAsync()).Succeeded.ShouldBe(jobs);
    }
}
