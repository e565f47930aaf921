using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;

namespace Steadwork.Cli.Running;

/// <summary>What people read at the end of a run.</summary>
internal static class RunReport
{
    private const int ItemWidth = 60;

    public static void Print(RunSummary summary)
    {
        var (plan, tally) = (summary.Plan, summary.Tally);
        var ended = summary.Why is { } why ? $", {why}" : "";
        Say($"run {PlainText.Line(plan.Name)}: {Numbers.Count(tally.Items, "item")} in {Duration.Format(summary.Elapsed)}{ended}");
        Row("succeeded", tally.Succeeded, tally.AlreadyDone > 0 ? $"{Numbers.Format(tally.AlreadyDone)} of them before this start" : "");
        Row("failed", tally.Failed, "");
        Row("cancelled", tally.Cancelled, "steadwork retry ID runs one again");
        Row("remaining", tally.Remaining - tally.Cancelled, "the same command goes on with them");
        Row("duplicates", summary.Duplicates, "lines that repeated another");
        Row("workers replaced", summary.Replaced, "they died; their items ran again");
        if (summary.Durations.Count > 0)
            Say($"  {"an item took",-17}{Duration.Format(summary.Average)} on average, {Duration.Format(summary.P95)} at the 95th percentile");
        Failures(summary);
    }

    private static void Failures(RunSummary summary)
    {
        if (summary.Failures.Count == 0)
            return;
        Say("failed items:");
        foreach (var job in summary.Failures)
        {
            var item = PlainText.Cut(RunItems.Text(job.Payload, summary.Plan.Definition.JsonItems), ItemWidth);
            Say($"  {item}: {PlainText.Line(job.LastError?.Message ?? "")} (job {job.Id}, {Numbers.Count(job.Attempt, "attempt")})");
        }
        if (summary.Tally.Failed > summary.Failures.Count)
            Say($"  and {Numbers.Format(summary.Tally.Failed - summary.Failures.Count)} more: steadwork list --run {PlainText.Line(summary.Plan.Name)} --state failed");
        Say("--retry-failed runs them again");
    }

    private static void Row(string what, long count, string note)
    {
        if (count > 0)
            Say($"  {what,-17}{Numbers.Format(count),9}{(note.Length > 0 ? "  " + note : "")}");
    }

    private static void Say(string line) => Console.Error.WriteLine(line);
}
