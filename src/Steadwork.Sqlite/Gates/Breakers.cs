using System.Globalization;
using Steadwork.Sqlite.Connections;
using Steadwork.Sqlite.Writing;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Gates;

/// <summary>The circuit breakers in a transaction. They are read once, if at all.</summary>
internal sealed class Breakers(Database database)
{
    private SortedDictionary<string, (BreakerDefinition Definition, Circuit Circuit)>? all;

    /// <summary>The breakers that are not closed.</summary>
    public IReadOnlyList<string> Shut => [.. All.Where(breaker => breaker.Value.Circuit.State is not BreakerState.Closed).Select(breaker => breaker.Key)];

    private SortedDictionary<string, (BreakerDefinition Definition, Circuit Circuit)> All =>
        all ??= new(Read(database).ToDictionary(breaker => breaker.Definition.Name), StringComparer.Ordinal);

    public static List<BreakerView> Views(Database database, DateTimeOffset now)
    {
        var types = TypesOf(database);
        return Read(database).ConvertAll(breaker => new BreakerView(
            breaker.Definition, breaker.Circuit, breaker.Circuit.State is BreakerState.Closed ? Window(database, breaker.Definition, now) : default,
            [.. types.Where(type => type.Breaker == breaker.Definition.Name).Select(type => type.Type)]));
    }

    /// <summary>The gates of those that are not closed.</summary>
    public IEnumerable<Gate> Gates(DateTimeOffset now) =>
        All.Values.SelectMany(breaker => breaker.Circuit.Left(breaker.Definition, now) is { } left ? [new Gate(GateKind.Breaker, breaker.Definition.Name, left)] : Array.Empty<Gate>());

    /// <summary>The breakers that a job type depends on.</summary>
    public IEnumerable<string> BreakersOf(string type) => database["breakers-of-type"].Bind(1, type).All(row => row.Text(0));

    /// <summary>When the next one lets some through; null when none will.</summary>
    public DateTimeOffset? Next(DateTimeOffset now) => All.Values.Where(breaker => breaker.Circuit.Until > now).Select(breaker => breaker.Circuit.Until).Min();

    /// <summary>A worker has started.</summary>
    public void Define(WorkerStart worker, DateTimeOffset now)
    {
        foreach (var breaker in worker.Breakers)
        {
            database["put-breaker"].Bind(1, breaker.Name).Bind(2, breaker.FailureRatio.ToString("R", CultureInfo.InvariantCulture)).Bind(3, (long)breaker.Window.TotalMilliseconds)
                .Bind(4, breaker.MinimumCalls).Bind(5, (long)breaker.BreakTime.TotalMilliseconds).Bind(6, breaker.Probes).Bind(7, now.ToUnixTimeMilliseconds()).Run();
            database["forget-old-calls"].Bind(1, breaker.Name).Bind(2, breaker.SegmentAt(now) - BreakerDefinition.Segments).Run();
        }
        foreach (var (type, breakers) in worker.TypeBreakers)
        {
            database["forget-breaker-types"].Bind(1, type).Run();
            foreach (var breaker in breakers)
                database["add-breaker-type"].Bind(1, type).Bind(2, breaker).Run();
        }
        Forget();
    }

    /// <summary>A claim has let jobs through one that is not closed.</summary>
    public void Passed(string name, int count, DateTimeOffset now) =>
        Put(name, All[name].Circuit.AfterClaim(All[name].Definition, count, Times.Whole(now)));

    /// <summary>Counts calls, and opens and closes what follows from them.</summary>
    public void Count(WriteTransaction transaction, WorkerId worker, IEnumerable<DependencyCall> calls)
    {
        var now = transaction.Now;
        foreach (var (name, sum, probes) in DependencyCall.Sum(calls))
        {
            if (!All.TryGetValue(name, out var breaker))
                continue;
            var (definition, circuit) = breaker;
            if (circuit.State is BreakerState.Closed)
            {
                var segment = definition.SegmentAt(now);
                database["count-calls"].Bind(1, name).Bind(2, worker.Value).Bind(3, segment % BreakerDefinition.Segments).Bind(4, segment).Bind(5, sum.All).Bind(6, sum.Failed).Run();
            }
            var window = Window(database, definition, now);
            var next = circuit.AfterCalls(definition, sum, window, probes, Times.Whole(now));
            if (next.State != circuit.State)
                Change(transaction, name, next, GateJson.Calls(circuit.State is BreakerState.Closed ? window : probes));
            else if (next != circuit)
                Put(name, next);
        }
    }

    /// <summary>Opens or closes one by hand.</summary>
    /// <returns>Null when there is none.</returns>
    public Circuit? Switch(WriteTransaction transaction, string name, bool open, string by)
    {
        if (!All.TryGetValue(name, out var breaker))
            return null;
        if (!breaker.Circuit.Stands(open))
            Change(transaction, name, Circuit.ByHand(open, Times.Whole(transaction.Now)), by);
        return All[name].Circuit;
    }

    /// <summary>They may have been changed.</summary>
    public void Forget() => all = null;

    private void Change(WriteTransaction transaction, string name, Circuit circuit, string by)
    {
        Put(name, circuit);
        database["forget-calls"].Bind(1, name).Run();
        transaction.Log(GateJson.LogKind(circuit.State), transaction.Now, null, null, null, GateJson.Said(name, by));
        transaction.WakeAfterCommit(WakeUp.Jobs);
    }

    private void Put(string name, Circuit circuit)
    {
        database["set-circuit"].Bind(1, name).Bind(2, circuit.State.Name()).Bind(3, circuit.Since.ToUnixTimeMilliseconds()).Bind(4, circuit.Until?.ToUnixTimeMilliseconds())
            .Bind(5, circuit.LetThrough).Bind(6, circuit.Passed).Run();
        All[name] = (All[name].Definition, circuit);
    }

    private static CallCounts Window(Database database, BreakerDefinition definition, DateTimeOffset now) =>
        database["calls-of"].Bind(1, definition.Name).Bind(2, definition.SegmentAt(now) - BreakerDefinition.Segments).Bind(3, definition.SegmentAt(now)).First(row => new CallCounts(row.Long(0), row.Long(1)));

    private static List<(string Type, string Breaker)> TypesOf(Database database) => database["breaker-types"].All(row => (row.Text(0), row.Text(1)));

    private static List<(BreakerDefinition Definition, Circuit Circuit)> Read(Database database) => database["breakers"].All(row => (
        new BreakerDefinition(row.Text(0))
        {
            FailureRatio = double.Parse(row.Text(1), CultureInfo.InvariantCulture),
            Window = TimeSpan.FromMilliseconds(row.Long(2)),
            MinimumCalls = row.Int(3),
            BreakTime = TimeSpan.FromMilliseconds(row.Long(4)),
            Probes = row.Int(5),
        },
        new Circuit(GateJson.State(row.Text(6)), DateTimeOffset.FromUnixTimeMilliseconds(row.Long(7)), row.LongOrNull(8) is { } until ? DateTimeOffset.FromUnixTimeMilliseconds(until) : null, row.Int(9), row.Int(10))));
}
