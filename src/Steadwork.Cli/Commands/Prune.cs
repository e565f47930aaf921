using System.CommandLine;
using System.Diagnostics;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Commands;

/// <summary><c>prune</c>: removes what has had its time, at once and to the end.</summary>
internal static class PruneCommand
{
    private static readonly JobState[] Ended = [.. JobStates.All.Where(state => state.IsEnded())];

    private static readonly Option<JobState?> State = Options.State("--state", $"Only jobs that ended like this: {string.Join(", ", Ended.Select(state => state.Name()))}.");
    private static readonly Option<TimeSpan?> OlderThan = Options.Duration("--older-than", "Jobs that ended as long ago as this or longer. Default: what the retention of the store says; unless a program has set one, 7d, and 30d for failed ones.");
    private static readonly Option<string?> Queue = Options.Text("--queue", "Q", "Only jobs of this queue. Items of a run go only when its queue, run:RUN, is named.");
    private static readonly Option<string?> Type = Options.Text("--type", "T", "Only jobs of this type.");
    private static readonly Option<bool> DryRun = Options.Flag("--dry-run", "Say what would go and by which rules, and remove nothing.");

    private readonly record struct Sum(long Jobs, long Attempts, long LogEntries)
    {
        public static Sum operator +(Sum sum, Pruned step) => new(sum.Jobs + step.Jobs, sum.Attempts + step.Attempts, sum.LogEntries + step.LogEntries);
    }

    public static Verb Create() => new Verb(
        "prune",
        "Removes jobs that ended long ago, and old entries of the log. Workers do the same as they go, by the retention that a program has set for the store. Entries of the log go after 30 days unless that says otherwise, or after --older-than if that is longer; none go with --state, --queue or --type.",
        "steadwork prune --dry-run",
        "steadwork prune --state succeeded --older-than 1d",
        "steadwork prune --queue run:tiles --older-than 90d")
    {
        State, OlderThan, Queue, Type, DryRun,
    }.Does(PruneAsync);

    private static async Task<int> PruneAsync(Call call)
    {
        if (call.Value(State)?.IsEnded() is false)
            throw new Refusal($"Only jobs that have ended are pruned: --state is one of {string.Join(", ", Ended.Select(each => each.Name()))}.");
        var dry = call.Value(DryRun);
        using var signals = new StopSignals();
        using var progress = new StatusLine(silent: call.Json);
        await using var store = call.OpenExisting();
        var retention = await store.RetentionAsync(CancellationToken.None).ConfigureAwait(false);
        var rules = Rules(call, retention?.Rules ?? RetentionRules.Default);
        if (dry && !call.Json && !call.Has(OlderThan))
            RetentionPage.Print(retention, rules);
        var (sum, mark, isOver) = (default(Sum), default(PruneMark), false);
        while (!isOver && !signals.Token.IsCancellationRequested)
        {
            var began = Stopwatch.GetTimestamp();
            var step = dry
                ? await store.ExpiredAsync(rules, mark, store.PrunePace.StepSize, CancellationToken.None).ConfigureAwait(false)
                : await store.PruneAsync(rules, mark, store.PrunePace.StepSize, CancellationToken.None).ConfigureAwait(false);
            (sum, mark, isOver) = (sum + step, step.Reached, step.IsOver);
            progress.Show($"{Text(sum)} {(dry ? "found" : "removed")}");
            if (!isOver && !dry)
                await Task.WhenAny(Task.Delay(store.PrunePace.RestAfter(Stopwatch.GetElapsedTime(began)), TimeProvider.System, CancellationToken.None), signals.Token.WhenCancelled()).ConfigureAwait(false);
        }
        progress.Dispose();
        Print(call, sum, dry, retention, rules);
        return isOver ? ExitStatus.Done : ExitStatus.Interrupted;
    }

    /// <summary>Those of the store, or what the options say. The log is kept at least as long as those say: somebody may be following it.</summary>
    private static RetentionRules Rules(Call call, RetentionRules usual)
    {
        var (state, queue, type) = (call.Value(State), call.Value(Queue), call.Value(Type));
        IReadOnlyList<RetentionRule> rules = call.Value(OlderThan) is { } age ? [new(age)] : usual.Rules;
        var keepsLog = state is not null || queue is not null || type is not null || usual.Log == Timeout.InfiniteTimeSpan;
        return new RetentionRules(
            [
                .. rules.Where(rule => Fits(rule.State, state) && Fits(rule.Queue, queue) && Fits(rule.Type, type))
                    .Select(rule => rule with { State = state ?? rule.State, Queue = queue ?? rule.Queue, Type = type ?? rule.Type }),
            ],
            keepsLog ? Timeout.InfiniteTimeSpan : call.Value(OlderThan) is { } longer && longer > usual.Log ? longer : usual.Log);
    }

    private static bool Fits<T>(T? ofRule, T? wanted) => ofRule is null || wanted is null || ofRule.Equals(wanted);

    private static string Text(Sum sum) =>
        $"{Numbers.Count(sum.Jobs, "job")}, {Numbers.Count(sum.Attempts, "attempt")} and {Numbers.Format(sum.LogEntries)} log {(sum.LogEntries == 1 ? "entry" : "entries")}";

    private static void Print(Call call, Sum sum, bool dry, Retention? retention, RetentionRules rules)
    {
        if (call.Json)
        {
            JsonOutput.Document(json =>
            {
                json.WriteStartObject();
                json.WriteNumber("jobs", sum.Jobs);
                json.WriteNumber("attempts", sum.Attempts);
                json.WriteNumber("logEntries", sum.LogEntries);
                json.WriteBoolean("dryRun", dry);
                json.WritePropertyName("retention");
                if (call.Has(OlderThan))
                    json.WriteNullValue();
                else
                    RetentionPage.Write(json, retention, rules);
                json.WriteEndObject();
            });
        }
        else
        {
            Console.Out.WriteLine($"{Text(sum)} {(dry ? "would be" : "were")} removed{(retention is null || call.Has(OlderThan) ? "" : PlainText.Line($", by the retention that {retention.By} has set"))}.");
        }
    }
}
