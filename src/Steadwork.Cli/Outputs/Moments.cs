using System.Globalization;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Outputs;

/// <summary>Points in time for people.</summary>
internal static class Moments
{
    /// <summary>The time by which everything that is printed is reckoned.</summary>
    public static DateTimeOffset Now => Surroundings.Current.Now;

    /// <summary>The time and how far away it is: <c>2030-01-31 09:00:00 UTC, 5m ago</c>.</summary>
    public static string Full(DateTimeOffset time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, {Relative(time)}");

    /// <summary><c>5m ago</c>, <c>in 5m</c>, or <c>now</c> within a second.</summary>
    public static string Relative(DateTimeOffset time) => (time - Now) switch
    {
        { TotalSeconds: >= 1 } ahead => $"in {Duration.Format(Rounded(ahead))}",
        { TotalSeconds: <= -1 } ago => $"{Duration.Format(Rounded(-ago))} ago",
        _ => "now",
    };

    private static TimeSpan Rounded(TimeSpan span) => TimeSpan.FromSeconds(Math.Round(span.TotalSeconds));
}
