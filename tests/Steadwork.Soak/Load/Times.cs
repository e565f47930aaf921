using System.Globalization;

namespace Steadwork.Soak.Load;

/// <summary>Measured times.</summary>
public static class Times
{
    /// <summary>The time that this part of all does not exceed; NaN when there are none.</summary>
    /// <param name="milliseconds">The times, in any order.</param>
    /// <param name="part">0 to 1.</param>
    public static double At(this IReadOnlyList<double> milliseconds, double part) =>
        milliseconds.Count == 0 ? double.NaN : milliseconds.Order().ElementAt((int)Math.Ceiling(part * (milliseconds.Count - 1)));

    /// <summary>The times in a few words.</summary>
    public static string InWords(this IReadOnlyList<double> milliseconds) =>
        string.Create(CultureInfo.InvariantCulture, $"p50 {milliseconds.At(0.5):0.0} ms, p99 {milliseconds.At(0.99):0.0} ms of {milliseconds.Count}");
}
