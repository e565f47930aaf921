using System.Text;
using Shouldly;
using Steadwork.Sqlite;
using Steadwork.Sqlite.Connections;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.OnSqlite;

/// <summary>How SQLite carries out the statements that must not slow down with the number of jobs.</summary>
public sealed class QueryPlanTests
{
    private static readonly string[] Hot =
    [
        "next-due", "expired", "join-line", "ready-lanes", "lane-head", "next-priority", "priority-head", "priority-tail", "take-leases", "claim", "first-behind", "taken-slots", "admit",
        "become-parent", "next-awaiting", "still-awaits", "awaits-an-ended-one", "parent-done", "unblock", "restore", "take-parent", "next-tick", "take-tick",
        "succeed", "held", "settle", "held-by", "cancellations", "renew",
        "job-of-unique-key", "expired-job-of-unique-key", "ended-job-of-unique-key", "replace", "job-head", "request-cancellation", "cancel-in-line", "retry-by-hand", "delete-job",
        "batch-head", "count-batch", "end-batch", "close-batch", "be-followed", "batches", "followed-by", "pass-batches", "prune-batch",
        "lane-of", "count-lane", "attempts", "present-attempt", "workers", "pauses", "key-holders", "ahead-behind-key", "rival-lanes", "ahead-in-line", "log-position", "read-log", "retirement",
        "limits", "limit-used", "use-limit", "forget-uses", "hold-key", "freed-keys", "next-freed", "breakers", "breakers-of-type", "count-calls", "calls-of", "set-circuit",
        "pass-jobs", "pass-log", "is-awaited", "prunable", "prune-log",
    ];

    [Fact]
    public async Task The_plans_of_the_hot_statements_are_the_approved_ones()
    {
        await using var fixture = new SqliteFixture();
        using var database = new Database(fixture.Path, Synchronous.Normal, TimeSpan.FromSeconds(10));

        var plans = new StringBuilder();
        foreach (var name in Hot)
            plans.Append(name).Append('\n').Append(PlanOf(database, name)).Append('\n');

        Approved.Matches("query-plans.txt", plans.ToString());
    }

    [Theory]
    [MemberData(nameof(HotStatements))]
    public async Task No_hot_statement_scans_or_sorts_the_jobs(string name)
    {
        await using var fixture = new SqliteFixture();
        using var database = new Database(fixture.Path, Synchronous.Normal, TimeSpan.FromSeconds(10));

        var plan = PlanOf(database, name);

        plan.ShouldNotContain("USE TEMP B-TREE");
        // The first row of an index in order is all that it reads.
        if (name is not "next-due")
            plan.ShouldNotContain("SCAN jobs");
        plan.ShouldNotMatch("SCAN (attempts|log|limit_uses|breaker_calls)");
        if (name is not "next-freed")
            plan.ShouldNotContain("SCAN held_keys");
    }

    public static TheoryData<string> HotStatements => [.. Hot];

    private static string PlanOf(Database database, string name)
    {
        using var explained = database.Prepare("EXPLAIN QUERY PLAN " + SqlText.Of(name));
        var depths = new Dictionary<long, int> { [0] = 0 };
        var lines = explained.All(row =>
        {
            var depth = depths[row.Long(0)] = depths[row.Long(1)] + 1;
            return new string(' ', 2 * depth) + row.Text(3) + "\n";
        });
        return string.Concat(lines);
    }
}
