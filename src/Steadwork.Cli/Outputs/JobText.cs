using System.Text;
using Steadwork.Cli.Inputs;

namespace Steadwork.Cli.Outputs;

/// <summary>What a job is called and how it stands, for people.</summary>
internal static class JobText
{
    private const int LongestNote = 400;

    /// <summary>The state, with the names that screens give to pending jobs whose time has not come.</summary>
    public static string State(Job job) =>
        job.State is JobState.Pending && job.RunAt > Moments.Now ? job.Failures > 0 ? "retrying" : "scheduled" : job.State.Name();

    /// <summary>When it happens or happened, in a word or two.</summary>
    public static string When(Job job) => job.State switch
    {
        JobState.Pending or JobState.Waiting when job.RunAt > Moments.Now => Moments.Relative(job.RunAt),
        JobState.Running when job.StartedAt is { } started => "for " + Duration.Format(Max(Moments.Now - started, TimeSpan.Zero)),
        _ => Moments.Relative(job.FinishedAt ?? job.CreatedAt),
    };

    /// <summary>Why it failed, else what its payload is.</summary>
    public static string Note(Job job) =>
        job.LastError is { } error ? PlainText.Cut(Error(error), LongestNote) : Payload(job.Payload);

    /// <summary>An error in one line.</summary>
    public static string Error(JobError error) => $"{error.Type}: {error.Message}";

    private static string Payload(ReadOnlyMemory<byte> payload) =>
        PlainText.Cut(Encoding.UTF8.GetString(payload.Span[..Math.Min(payload.Length, LongestNote * 4)]), LongestNote);

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
