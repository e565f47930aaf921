namespace Steadwork.Cli.Benching;

/// <summary>Something that is measured, ours against a floor, in turns.</summary>
/// <param name="Name">What it is called in JSON.</param>
/// <param name="Text">What it is, for people.</param>
/// <param name="Unit"><c>jobs/s</c>, or <c>ms</c>, of which less is better.</param>
/// <param name="Floor">Measures the floor once; null where there is none.</param>
/// <param name="Ours">Measures ours once.</param>
internal sealed record Measure(string Name, string Text, string Unit, Func<Task<double>>? Floor, Func<Task<double>> Ours);

/// <summary>What came out, each the median of its runs.</summary>
/// <param name="Measure">What was measured.</param>
/// <param name="Floors">Of each run.</param>
/// <param name="Results">Ours, of each run.</param>
internal sealed record Measured(Measure Measure, IReadOnlyList<double> Floors, IReadOnlyList<double> Results)
{
    public double? Floor => Floors.Count == 0 ? null : Median(Floors);

    public double Ours => Median(Results);

    /// <summary>Ours against the floor: 1 is as good, more is better.</summary>
    public double? Ratio => Floor is not { } floor ? null : Measure.Unit == Measures.Milliseconds ? floor / Ours : Ours / floor;

    private static double Median(IReadOnlyList<double> values) => Measures.At(values, 0.5);
}
