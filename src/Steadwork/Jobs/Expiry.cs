using System.Globalization;

namespace Steadwork;

/// <summary>Jobs that are not worth running unless they are begun in time.</summary>
internal static class Expiry
{
    /// <summary>Whether a job is worth beginning no more.</summary>
    public static bool IsOver(DateTimeOffset? expiresAt, DateTimeOffset now) => expiresAt <= now;

    /// <summary>Why such a job is cancelled.</summary>
    public static string Reason(DateTimeOffset expiresAt) => string.Create(CultureInfo.InvariantCulture,
        $"It was not begun by {expiresAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, after which it was not worth running.");

    /// <summary>What is left of it when somebody has the job run again: nothing once it is over, since they want it all the same.</summary>
    public static DateTimeOffset? AfterRetry(DateTimeOffset? expiresAt, DateTimeOffset now) => IsOver(expiresAt, now) ? null : expiresAt;
}
