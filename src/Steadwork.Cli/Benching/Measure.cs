namespace Steadwork.Cli.Benching;

/// <summary>One number that a measure gives.</summary>
/// <param name="Name">What it is called in JSON.</param>
/// <param name="Text">What it is, for people.</param>
/// <param name="Unit">One of <see cref="Units"/>.</param>
internal sealed record Figure(string Name, string Text, string Unit);

/// <summary>What figures are counted in.</summary>
internal static class Units
{
    /// <summary>More is better.</summary>
    public const string PerSecond = "jobs/s";

    /// <summary>Less is better.</summary>
    public const string Milliseconds = "ms";

    public const string BytesPerJob = "bytes/job", TransactionsPerJob = "transactions/job", StatementsPerJob = "statements/job", Megabytes = "MB", Percent = "%", TransactionsPerSecond = "transactions/s", StatementsPerSecond = "statements/s";
}

/// <summary>Something that is measured, ours against a floor, in turns.</summary>
/// <param name="Figures">What it gives.</param>
/// <param name="Floor">Measures the floor once: a number for each figure that has one, and none for the last ones; null where there is no floor.</param>
/// <param name="Ours">Measures ours once: a number for each figure, NaN where it cannot be told here; null where there is only a floor.</param>
internal sealed record Measure(IReadOnlyList<Figure> Figures, Func<Task<double[]>>? Floor, Func<Task<double[]>>? Ours)
{
    /// <summary>A measure of one figure.</summary>
    public Measure(string name, string text, string unit, Func<Task<double>>? floor, Func<Task<double>> ours)
        : this([new Figure(name, text, unit)], floor is null ? null : async () => [await floor().ConfigureAwait(false)], async () => [await ours().ConfigureAwait(false)]) { }

    /// <summary>Whether it takes so long that it is left out of the round that warms up: its own beginning does that.</summary>
    public bool IsLong { get; init; }
}

/// <summary>What came out, each the median of its runs.</summary>
/// <param name="Figure">What was measured.</param>
/// <param name="Floors">Of each run; empty where there is no floor.</param>
/// <param name="Results">Ours, of each run; empty where there is only a floor.</param>
internal sealed record Measured(Figure Figure, IReadOnlyList<double> Floors, IReadOnlyList<double> Results)
{
    public double? Floor => Median(Floors);

    public double? Ours => Median(Results);

    /// <summary>Ours of each run, or where there is only a floor, that.</summary>
    public IReadOnlyList<double> Shown => Results.Count > 0 ? Results : Floors;

    /// <summary>Ours against the floor: 1 is as good, more is better.</summary>
    public double? Ratio => Figure.Unit == Units.Milliseconds ? Floor / Ours : Ours / Floor;

    /// <summary>The ratio of each round, whose two sides were measured right after each other.</summary>
    public IReadOnlyList<double> Ratios => [.. Floors.Zip(Results, (floor, ours) => Figure.Unit == Units.Milliseconds ? floor / ours : ours / floor)];

    private static double? Median(IReadOnlyList<double> values) => values.Count == 0 ? null : At(values, 0.5);

    /// <summary>The least value that a part of them does not exceed.</summary>
    public static double At(IEnumerable<double> values, double part)
    {
        var sorted = values.Order().ToList();
        return sorted[(int)Math.Ceiling(sorted.Count * part) - 1];
    }
}
