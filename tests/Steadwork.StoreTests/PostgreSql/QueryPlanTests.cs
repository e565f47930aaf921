using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using Shouldly;
using Steadwork.PostgreSql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.OnPostgreSql;

/// <summary>How PostgreSQL carries out the statements that must not slow down with the number of jobs, whatever its statistics were taken of.</summary>
public sealed partial class QueryPlanTests : IAsyncLifetime
{
    private const int Jobs = 2000;
    private readonly PostgreSqlFixture fixture = new();

    public enum Load
    {
        None,
        AllWaiting,
        SomeHeld,
        AllHeld,
        AllGone,
    }

    // The one index by which a statement may come to jobs.
    private static readonly (string Statement, string Index)[] Hot = [
        ("gates+from-heads+line-by-priority+pass-gates+claim-line+count-at-gates+claimed", "jobs_ready|jobs_pkey"), ("gates+behind-marks+line-by-priority+pass-gates+claim-line+count-at-gates+claimed", "jobs_ready|jobs_pkey"),
        ("gates+line-by-rule+pass-gates+claim-line+count-at-gates+claimed", "jobs_ready|jobs_pkey"),
        ("no-gates+from-heads+line-by-priority+pass-none+claim-line+claimed", "jobs_ready|jobs_pkey"), ("no-gates+behind-marks+line-by-priority+pass-none+claim-line+claimed", "jobs_ready|jobs_pkey"),
        ("no-gates+line-by-rule+pass-none+claim-line+claimed", "jobs_ready|jobs_pkey"),
        ("outlook+look-and-join", "jobs_due|jobs_expiring"), ("outlook+look", "jobs_due|jobs_expiring"), ("outlook+outlook-at-gates+look", "jobs_due|jobs_expiring"),
        ("ahead-in-line", "jobs_ready"), ("end-jobs", "jobs_pkey"), ("return-jobs", "jobs_pkey"), ("append", "jobs_pkey"), ("replace", "jobs_unique|jobs_pkey"), ("end-expired-bearers", "jobs_unique|jobs_expiring")];

    public static TheoryData<string, string, Load> HotStatements
    {
        get
        {
            var data = new TheoryData<string, string, Load>();
            foreach (var (statement, index) in Hot)
            {
                foreach (var load in Enum.GetValues<Load>())
                    data.Add(statement, index, load);
            }
            return data;
        }
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Theory]
    [MemberData(nameof(HotStatements))]
    public async Task A_hot_statement_comes_to_jobs_by_its_own_index(string statement, string index, Load load)
    {
        await fixture.Store.EnqueueAsync(Some.Jobs(load is Load.None ? 0 : Jobs), TestContext.Current.CancellationToken);
        var worker = await fixture.Store.StartAsync(capacity: Jobs);
        var claimed = await worker.ClaimAsync(load switch { Load.AllHeld or Load.AllGone => Jobs, Load.SomeHeld => Jobs / 10, _ => 0 });
        if (load is Load.AllGone)
            await worker.ExchangeAsync([.. claimed.Select(job => new AttemptEnd(job.Id, job.Lease, Some.Success, null))]);
        // An empty table that keeps its pages, as when somebody is at its end: the server believes that there is one row however many come.
        PostgreSqlServer.Execute($"VACUUM (TRUNCATE false, ANALYZE) {fixture.Schema}.jobs");

        var plan = await PlanOfAsync(statement);

        plan.ShouldNotContain("Seq Scan on jobs");
        Plans.WithoutCondition(plan).ShouldBeEmpty(plan);
        // Neither is there an end to what a bitmap gathers before the first row comes.
        IndexScans().Matches(plan).Select(scan => scan.Groups[1].Value).ShouldAllBe(used => index.Split('|').Contains(used), plan);
        if (statement.Contains("claim-line", StringComparison.Ordinal))
            plan.ShouldContain("Index Scan using jobs_ready on jobs");
    }

    [Theory]
    [InlineData("pass-history", "Index Scan using history_pkey on history")]
    [InlineData("pass-log", "Index Scan using log_places_pkey on log_places")]
    [InlineData("hold-expired", "Index Scan using history_pkey on history")]
    [InlineData("prune-history", "Index Scan using history_pkey on history")]
    // One by one or gathered: of rows that fill a page each, as those of this log do, the server does not always like the same.
    [InlineData("prune-log", "Index Scan (using log_pkey on log|on log_pkey)")]
    [InlineData("read-log", "Index Scan using log_places_pkey on log_places")]
    public async Task A_statement_that_prunes_comes_to_its_rows_by_their_keys(string statement, string scan)
    {
        await fixture.Store.EnqueueAsync(Some.Jobs(Jobs), TestContext.Current.CancellationToken);
        var worker = await fixture.Store.StartAsync(capacity: Jobs);
        await worker.ExchangeAsync([.. (await worker.ClaimAsync(Jobs)).Select(job => new AttemptEnd(job.Id, job.Lease, Some.Success, null))]);
        await fixture.Store.LogAsync();
        foreach (var table in new[] { "jobs", "history", "attempts", "dependencies", "log", "log_places" })
            PostgreSqlServer.Execute($"VACUUM ANALYZE {fixture.Schema}.{table}");

        var plan = await PlanOfAsync(statement);

        Plans.WithoutCondition(plan).ShouldBeEmpty(plan);
        plan.ShouldMatch(scan);
        plan.ShouldNotMatch("Seq Scan on (jobs|history|attempts|dependencies|log|log_places)( |$)");
    }

    private async Task<string> PlanOfAsync(string statement)
    {
        await using var database = new Database(PostgreSqlServer.Source, owned: false, new PostgreSqlStoreOptions { Schema = fixture.Schema });
        await using var connection = await database.ConnectAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        var text = database.Text(statement);
        var values = Numbers().Matches(text).Select(number => int.Parse(number.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).DefaultIfEmpty().Max();
        await ExecuteAsync(connection, $"{database.Text("keep-plans").Replace("$1", "'0'", StringComparison.Ordinal)}; PREPARE hot AS {text}");
        await using var explain = new NpgsqlCommand($"EXPLAIN EXECUTE hot ({string.Join(", ", Enumerable.Repeat("NULL", values))})", connection, transaction);
        await using var reader = await explain.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var lines = new List<string>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            lines.Add(reader.GetString(0));
        await reader.DisposeAsync();
        await ExecuteAsync(connection, "DEALLOCATE hot");
        return string.Join('\n', lines);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    [GeneratedRegex(@"(?:Scan using|Bitmap Index Scan on) (jobs_\w+)")]
    private static partial Regex IndexScans();

    [GeneratedRegex(@"\$(\d+)")]
    private static partial Regex Numbers();
}
