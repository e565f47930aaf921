using Steadwork.Cli.Inputs;
using Steadwork.Storage;

namespace Steadwork.Cli.Outputs;

/// <summary>One job on a page for people.</summary>
internal static class JobPage
{
    private const int Labels = 12;

    /// <summary>Prints the page.</summary>
    /// <param name="standing">Where the job stands, and what it comes after.</param>
    /// <param name="attempts">Its attempts.</param>
    /// <param name="reasons">Why it does not run.</param>
    public static void Print(Standing standing, IReadOnlyList<Attempt> attempts, IReadOnlyList<WaitReason> reasons)
    {
        var (job, parents) = (standing.Job, standing.Parents);
        var state = Cell.Of(job.State, JobText.State(job));
        Console.Out.WriteLine($"Job {job.Id}  {PlainText.Line(job.Type)}  {Terminal.Paint(state.Text, state.Colour)}");
        foreach (var reason in reasons)
            Console.Out.WriteLine(Terminal.Paint(PlainText.Line(reason.Text), Colour.Yellow));
        Console.Out.WriteLine();
        PrintFacts(job);
        Fact("after", parents.Count == 0 ? null : string.Join(", ", parents.OrderBy(parent => parent.Job).Select(parent => $"{parent.Job} {parent.State?.Name() ?? "deleted"}")));
        Fact("follows", standing.Follows is { Batch: var batch } ? $"batch {batch.Id}{(batch.Name is { } name ? $", {name}" : "")}" : null);
        PrintJson("payload", job.Payload);
        if (!job.Result.IsEmpty)
            PrintJson("result", job.Result);
        if (attempts.Count > 0)
            PrintAttempts(attempts);
        if (job.LastError is { } error && attempts.All(attempt => attempt.Error != error))
            PrintError("last error", error);
    }

    private static void PrintFacts(Job job)
    {
        Fact("queue", job.Queue);
        Fact("priority", Numbers.Format(job.Priority));
        Fact("attempts", job.Attempt == 0 ? $"none yet, {job.MaxAttempts} allowed" : $"{job.Attempt} begun, {job.Failures} failed, {job.MaxAttempts} allowed");
        Fact("timeout", job.Timeout is { } timeout ? Duration.Format(timeout) : null);
        Fact("enqueued", Moments.Full(job.CreatedAt));
        Fact("due", !job.State.IsEnded() && job.RunAt > job.CreatedAt ? Moments.Full(job.RunAt) : null);
        Fact("expires", !job.State.IsEnded() && job.ExpiresAt is { } expiresAt ? Moments.Full(expiresAt) + " unless it runs" : null);
        Fact("started", job.StartedAt is { } started ? Moments.Full(started) : null);
        Fact("finished", job.FinishedAt is { } finished ? Moments.Full(finished) + Took(job.StartedAt, finished) : null);
        Fact("worker", job.Worker?.ToString());
        Fact("cancelled", job.CancelReason);
        Fact("key", job.ExclusiveKey is { } key ? $"{key}, {(job.ExclusiveLimit == 1 ? "one" : Numbers.Format(job.ExclusiveLimit))} at once" : null);
        Fact("unique key", job.UniqueKey);
        Fact("requires", job.Requires.Count > 0 ? string.Join(", ", job.Requires) : null);
        Fact("batch", job.BatchId?.ToString());
        Fact("tags", job.Tags.Count > 0 ? string.Join(", ", job.Tags) : null);
        Fact("trace", job.TraceParent);
    }

    private static void Fact(string label, string? value)
    {
        if (value is not null)
            Console.Out.WriteLine($"  {Label(label)}{PlainText.Line(value)}");
    }

    private static void PrintJson(string label, ReadOnlyMemory<byte> json)
    {
        var text = JsonOutput.Text(json, indented: true) ?? PlainText.Lines(System.Text.Encoding.UTF8.GetString(json.Span));
        Console.Out.WriteLine($"  {Label(label)}{Indented(text, Labels + 2)}");
    }

    private static void PrintAttempts(IReadOnlyList<Attempt> attempts)
    {
        Console.Out.WriteLine();
        foreach (var attempt in attempts)
        {
            var colour = attempt.Outcome switch
            {
                AttemptOutcomes.Succeeded => Colour.Green,
                AttemptOutcomes.Failed or AttemptOutcomes.Crashed => Colour.Red,
                AttemptOutcomes.Running => Colour.Blue,
                _ => Colour.Yellow,
            };
            var outcome = Terminal.Paint(PlainText.Line(attempt.Outcome), colour);
            Console.Out.WriteLine($"  {Label($"attempt {attempt.Number}")}{outcome}, worker {attempt.Worker}, {Moments.Full(attempt.StartedAt)}{Took(attempt.StartedAt, attempt.FinishedAt)}");
            if (attempt.Error is { } error)
                PrintError("", error);
        }
    }

    private static void PrintError(string label, JobError error)
    {
        Console.Out.WriteLine($"  {Label(label)}{PlainText.Line(JobText.Error(error))}");
        if (error.Stack is { Length: > 0 } stack)
            Console.Out.WriteLine(new string(' ', Labels + 4) + Indented(PlainText.Lines(stack.Trim()), Labels + 4));
    }

    private static string Took(DateTimeOffset? from, DateTimeOffset? to) =>
        from is { } start && to is { } end && end >= start ? $", took {Duration.Format(end - start)}" : "";

    private static string Label(string label) => Terminal.Paint(label.PadRight(Labels), Colour.Faint);

    private static string Indented(string text, int width) => text.ReplaceLineEndings(Environment.NewLine + new string(' ', width));
}
