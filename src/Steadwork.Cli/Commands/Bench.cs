using System.CommandLine;
using Steadwork.Cli.Benching;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Commands;

/// <summary><c>bench</c>: what the store reaches here, beside what the database itself can do.</summary>
internal static class BenchCommand
{
    private static readonly Option<int?> Rounds = Options.Number("--rounds", "How often each is measured, in turns; what is shown is the median. Default 5.", 1, 1000);
    private static readonly Option<string[]> Only = Options.Texts("--only", "NAME", "Only the measures whose names begin like this.");

    public static Verb Create() => new Verb(
        "bench",
        "Measures what the store reaches on this machine, each beside the same work in plain statements in the same run. On the disk or server of the store that is chosen, never in that store itself: what it makes there is gone at the end.",
        "steadwork bench",
        "steadwork bench --only drain --rounds 9",
        "steadwork bench --store postgres://user@host/database --json")
    {
        Rounds, Only,
    }.Does(MeasureAsync);

    private static async Task<int> MeasureAsync(Call call)
    {
        var (rounds, only) = (call.Value(Rounds) ?? 5, call.Value(Only) ?? []);
        await using var place = Place.Beside(call.Store);
        var measures = new Measures(place);
        var all = measures.All;
        if (only.FirstOrDefault(name => !all.Any(measure => measure.Name.StartsWith(name, StringComparison.Ordinal))) is { } unknown)
            throw new Refusal($"There is no measure '{PlainText.Line(unknown)}'; there are {string.Join(", ", all.Select(measure => measure.Name))}.");
        var wanted = all.Where(measure => only.Length == 0 || only.Any(name => measure.Name.StartsWith(name, StringComparison.Ordinal))).ToList();
        using var signals = new StopSignals();
        using var progress = new StatusLine(silent: call.Json);
        var measured = await InTurnsAsync(place, wanted, rounds, progress, signals.Token).ConfigureAwait(false);
        progress.Dispose();
        if (measured is null)
            return ExitStatus.Interrupted;
        if (call.Json)
            BenchPage.Write(measured);
        else
            BenchPage.Print(place, measured, rounds, measures.LeastShare);
        return ExitStatus.Done;
    }

    /// <summary>Measures all, round after round, so that what else the machine does meets all of them alike. The first round warms up.</summary>
    /// <returns>Null when it was interrupted.</returns>
    private static async Task<IReadOnlyList<Measured>?> InTurnsAsync(Place place, IReadOnlyList<Measure> measures, int rounds, StatusLine progress, CancellationToken stop)
    {
        var results = measures.ToDictionary(measure => measure, _ => (Floors: new List<double>(), Ours: new List<double>()));
        for (var round = 0; round <= rounds; round++)
        {
            foreach (var measure in measures)
            {
                if (stop.IsCancellationRequested)
                    return null;
                progress.Show($"round {round} of {rounds}: {measure.Text}");
                var floor = measure.Floor is { } under ? await OnceAsync(under).ConfigureAwait(false) : (double?)null;
                var ours = await OnceAsync(measure.Ours).ConfigureAwait(false);
                if (round == 0)
                    continue;
                if (floor is { } value)
                    results[measure].Floors.Add(value);
                results[measure].Ours.Add(ours);
            }
        }

        async Task<double> OnceAsync(Func<Task<double>> measure)
        {
            var value = await measure().ConfigureAwait(false);
            await place.ClearAsync().ConfigureAwait(false);
            return value;
        }

        return [.. measures.Select(measure => new Measured(measure, results[measure].Floors, results[measure].Ours))];
    }
}
