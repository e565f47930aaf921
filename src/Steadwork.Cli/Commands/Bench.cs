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

    private static readonly Option<bool> Full = Options.Flag("--full", "Measures twice as much of most, and large stores, long drains and an idle worker as well, which takes a good while and some 10 GB.");
    private static readonly Option<string?> Page = Options.Text("--page", "FILE", "Writes a Markdown page, and beside it a chart as SVG.");

    public static Verb Create() => new Verb(
        "bench",
        "Measures what the store reaches on this machine, each beside the same work in plain statements in the same run. On the disk or server of the store that is chosen, never in that store itself: what it makes there is gone at the end.",
        "steadwork bench",
        "steadwork bench --only drain --rounds 9",
        "steadwork bench --full --page sqlite.md",
        "steadwork bench --store postgres://user@host/database --json")
    {
        Rounds, Only, Full, Page,
    }.Does(MeasureAsync);

    private static async Task<int> MeasureAsync(Call call)
    {
        var (rounds, only) = (call.Value(Rounds) ?? 5, call.Value(Only) ?? []);
        await using var place = Place.Beside(call.Store);
        IReadOnlyList<Measure> all = [.. new Measures(place, isQuick: !call.Value(Full)).All, .. call.Value(Full) ? new LongMeasures(place).All : []];
        if (only.FirstOrDefault(name => !all.Any(measure => IsMeant(measure, name))) is { } unknown)
            throw new Refusal($"There is no measure '{PlainText.Line(unknown)}'; there are {string.Join(", ", all.SelectMany(measure => measure.Figures).Select(figure => figure.Name))}.");
        var page = call.Value(Page) is { } file ? Surroundings.Current.FullPath(file) : null;
        if (page is not null && !Directory.Exists(Path.GetDirectoryName(page)))
            throw new Refusal($"There is no directory '{Path.GetDirectoryName(page)}' for the page; make it first, or give another --page.");
        var wanted = all.Where(measure => only.Length == 0 || only.Any(name => IsMeant(measure, name))).ToList();
        using var signals = new StopSignals();
        using var progress = new StatusLine(silent: call.Json);
        var measured = await InTurnsAsync(place, wanted, rounds, progress, signals.Token).ConfigureAwait(false);
        progress.Dispose();
        if (measured is null)
            return ExitStatus.Interrupted;
        var told = new BenchPage(place, measured, rounds);
        if (call.Json)
            told.Write();
        else
            told.Print();
        if (page is not null)
            told.WriteTo(page);
        return ExitStatus.Done;
    }

    private static bool IsMeant(Measure measure, string name) => measure.Figures.Any(figure => figure.Name.StartsWith(name, StringComparison.Ordinal));

    /// <summary>Measures all, round after round, so that what else the machine does meets all of them alike. The first round warms up.</summary>
    /// <returns>Null when it was interrupted.</returns>
    private static async Task<IReadOnlyList<Measured>?> InTurnsAsync(Place place, IReadOnlyList<Measure> measures, int rounds, StatusLine progress, CancellationToken stop)
    {
        var results = measures.ToDictionary(measure => measure, _ => (Floors: new List<double[]>(), Ours: new List<double[]>()));
        for (var round = 0; round <= rounds; round++)
        {
            foreach (var measure in measures.Where(measure => round > 0 || !measure.IsLong))
            {
                if (stop.IsCancellationRequested)
                    return null;
                progress.Show($"round {round} of {rounds}: {measure.Figures[0].Text}");
                var floor = measure.Floor is { } under ? await OnceAsync(under).ConfigureAwait(false) : [];
                var ours = measure.Ours is { } above ? await OnceAsync(above).ConfigureAwait(false) : [];
                if (round == 0)
                    continue;
                results[measure].Floors.Add(floor);
                results[measure].Ours.Add(ours);
            }
        }

        async Task<double[]> OnceAsync(Func<Task<double[]>> measure)
        {
            var values = await measure().ConfigureAwait(false);
            await place.ClearAsync().ConfigureAwait(false);
            return values;
        }

        return [.. measures.SelectMany(measure => measure.Figures.Select((figure, place) => new Measured(
            figure, [.. results[measure].Floors.Where(floor => place < floor.Length).Select(floor => floor[place])], [.. results[measure].Ours.Where(ours => place < ours.Length).Select(ours => ours[place])])))
            .Where(each => !each.Results.Any(double.IsNaN))];
    }
}
