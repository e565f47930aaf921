using System.Data.Common;
using System.Globalization;
using System.Text;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Gates;

/// <summary>The circuit breakers: what is told of calls is counted where a claim is made, and decided on under a lock of their own when there is something to decide.</summary>
internal sealed class Breakers(Database database)
{
    /// <summary>How they are set, for the workers that start now.</summary>
    public static void Define(Batch batch, WorkerStart worker)
    {
        if (worker.Breakers.Count > 0)
        {
            batch.Add("put-breakers",
                Value.Of(Column(worker, breaker => (string?)breaker.Name)), Value.Of(Column(worker, breaker => (string?)breaker.FailureRatio.ToString("R", CultureInfo.InvariantCulture))),
                Value.Of(Column(worker, breaker => (long)breaker.Window.TotalMilliseconds)), Value.Of(Column(worker, breaker => breaker.MinimumCalls)),
                Value.Of(Column(worker, breaker => (long)breaker.BreakTime.TotalMilliseconds)), Value.Of(Column(worker, breaker => breaker.Probes)));
            batch.Add("forget-old-calls", Value.Of(Column(worker, breaker => (string?)breaker.Name)));
        }
        if (worker.TypeBreakers.Count == 0)
            return;
        var pairs = worker.TypeBreakers.SelectMany(type => type.Breakers.Select(breaker => (type.Type, Breaker: breaker))).ToList();
        batch.Add("put-breaker-types", Value.Of([.. pairs.Select(each => (string?)each.Type)]), Value.Of([.. pairs.Select(each => (string?)each.Breaker)]), Value.Of([.. worker.TypeBreakers.Select(each => (string?)each.Type)]));
    }

    /// <summary>Has calls counted.</summary>
    public static void Count(Batch batch, WorkerId worker, IReadOnlyList<(string Breaker, CallCounts All, CallCounts Probes)> calls) =>
        batch.Add("count-calls", Value.Of([.. calls.Select(call => (string?)call.Breaker)]), Value.Of([.. calls.Select(call => call.All.All)]), Value.Of([.. calls.Select(call => call.All.Failed)]), Value.Of(worker.Value));

    /// <summary>Whether these calls may open a breaker, or close one.</summary>
    public static bool MayChange((string Breaker, CallCounts All, CallCounts Probes) calls) => calls.All.Failed > 0 || calls.Probes.All > 0;

    public Task<List<BreakerView>> FindAsync(CancellationToken cancellationToken) =>
        database.RunAsync(database.Batch().Add("breakers"), reader => reader.AllAsync(View), cancellationToken);

    /// <summary>Opens and closes what follows from calls that have been counted. As long as all is well that is nothing.</summary>
    /// <param name="calls">The calls.</param>
    /// <param name="shut">The breakers that are not closed, as far as is known.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether one has been opened or closed.</returns>
    public async Task<bool> JudgeAsync(IReadOnlyList<(string Breaker, CallCounts All, CallCounts Probes)> calls, IReadOnlyList<string> shut, CancellationToken cancellationToken)
    {
        var telling = calls.Where(call => call.All.Failed > 0 || shut.Contains(call.Breaker)).ToDictionary(call => call.Breaker);
        return telling.Count > 0 && (await ChangeAsync(telling.Keys, (breaker, now) =>
        {
            var (_, all, probes) = telling[breaker.Definition.Name];
            var next = breaker.Circuit.AfterCalls(breaker.Definition, all, breaker.Window, probes, now);
            return (next, GateJson.Calls(breaker.Circuit.State is BreakerState.Closed ? breaker.Window : probes));
        }, cancellationToken).ConfigureAwait(false)).Exists(change => change.Changed);
    }

    /// <summary>Opens or closes one by hand.</summary>
    /// <returns>Null when there is none; else whether anything was changed.</returns>
    public async Task<(Circuit Circuit, bool Changed)?> SwitchAsync(string name, bool open, string by, CancellationToken cancellationToken) =>
        await ChangeAsync([name], (breaker, now) => (breaker.Circuit.Stands(open) ? breaker.Circuit : Circuit.ByHand(open, now), by), cancellationToken, demandsService: true).ConfigureAwait(false) is [var change]
            ? (change.Circuit, change.Changed)
            : null;

    private Task<List<(string Name, Circuit Circuit, bool Changed)>> ChangeAsync(
        IEnumerable<string> names, Func<BreakerView, DateTimeOffset, (Circuit Next, string By)> decide, CancellationToken cancellationToken, bool demandsService = false) =>
        database.TransactAsync(async transaction =>
        {
            if (demandsService)
                await transaction.RunAsync(transaction.Batch().Add("require-service", Value.Of(database.LockSpace))).ConfigureAwait(false);
            var which = names.ToHashSet(StringComparer.Ordinal);
            await transaction.RunAsync(transaction.Batch().Add("hold-breakers", Value.Of([.. which]))).ConfigureAwait(false);
            // Read once they are held, and nobody else changes them.
            var (now, all) = await transaction.RunAsync(transaction.Batch().Add("clock").Add("breakers"), async reader => (
                await reader.FirstAsync(row => row.Time(0)).ConfigureAwait(false),
                await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(View).ConfigureAwait(false))).ConfigureAwait(false);
            var changes = new List<(string, Circuit, bool)>();
            var batch = transaction.Batch();
            foreach (var breaker in all.Where(breaker => which.Contains(breaker.Definition.Name)))
            {
                var (next, by) = decide(breaker, now);
                var changed = (next.State, next.Since, next.Until) != (breaker.Circuit.State, breaker.Circuit.Since, breaker.Circuit.Until);
                changes.Add((breaker.Definition.Name, next, changed));
                if (next != breaker.Circuit)
                    Put(batch, breaker.Definition.Name, next, changed ? by : null);
            }
            if (batch.Commands.BatchCommands.Count > 0)
                await transaction.RunAsync(batch).ConfigureAwait(false);
            return changes;
        }, cancellationToken);

    private static void Put(Batch batch, string name, Circuit circuit, string? by) => batch.Add("set-circuit",
        Value.Of(name), Value.Of(circuit.State.Name()), Value.Of(circuit.Since), Value.Of(circuit.Until), Value.Of(circuit.LetThrough), Value.Of(circuit.Passed),
        Value.Of(by is null ? null : GateJson.LogKind(circuit.State)), Value.Of(by is null ? null : Encoding.UTF8.GetString(GateJson.Said(name, by).Span)));

    private static T[] Column<T>(WorkerStart worker, Func<BreakerDefinition, T> value) => [.. worker.Breakers.Select(value)];

    public static BreakerView View(DbDataReader row) => new(
        new BreakerDefinition(row.Text(0))
        {
            FailureRatio = double.Parse(row.Text(1), CultureInfo.InvariantCulture),
            Window = TimeSpan.FromMilliseconds(row.Long(2)),
            MinimumCalls = row.Int(3),
            BreakTime = TimeSpan.FromMilliseconds(row.Long(4)),
            Probes = row.Int(5),
        },
        new Circuit(GateJson.State(row.Text(6)), row.Time(7), row.TimeOrNull(8), row.Int(9), row.Int(10)),
        new CallCounts(row.Long(11), row.Long(12)),
        row.GetFieldValue<string[]>(13));
}
