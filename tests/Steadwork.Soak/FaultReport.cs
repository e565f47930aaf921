namespace Steadwork.Soak;

/// <summary>What a fault run came to.</summary>
/// <param name="Lines">Its figures, for people.</param>
/// <param name="Violations">What should not have been, in words.</param>
public sealed record FaultReport(IReadOnlyList<string> Lines, IReadOnlyList<string> Violations)
{
    /// <summary>Writes it out.</summary>
    /// <returns>The exit status.</returns>
    public int Print()
    {
        foreach (var line in Lines)
            Console.WriteLine($"  {line}");
        Console.WriteLine($"{Violations.Count} violations");
        foreach (var violation in Violations.Take(20))
            Console.WriteLine($"VIOLATION {violation}");
        return Violations.Count == 0 ? 0 : 1;
    }
}
