using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Commands;

/// <summary><c>limits</c>: how many jobs may begin within a time, over all workers.</summary>
internal static class LimitsCommand
{
    private static readonly Argument<string> Rate = new("RATE") { HelpName = "RATE", Description = "How many in what time, such as 100/1m or 5/1s." };
    private static readonly Option<string?> Queue = Options.Text("--queue", "Q", "For the jobs of a queue.");
    private static readonly Option<string?> Type = Options.Text("--type", "TYPE", "For the jobs of a type, in all queues.");
    private static readonly Option<string?> Key = Options.Text("--key", "K", "For the jobs with an exclusive key; one that ends in * is for each key that begins so. A job counts when it gets its place behind the key, which is before it begins if it has to wait for something else.");
    private static readonly Option<bool> Smooth = Options.Flag("--smooth", "Spread the starts evenly over the time; else they may come at once.");

    public static Verb Create() => new("limits", "Shows, sets and removes rate limits.", "steadwork limits list", "steadwork limits set 100/1m --type send-mail")
    {
        new Verb("list", "Lists the rate limits, and how much each has left.", "steadwork limits list").Does(ListAsync),
        new Verb(
            "set",
            "Lets only so many jobs begin within a time, on all workers together, in the place of a limit for the same.",
            "steadwork limits set 100/1m --type send-mail",
            "steadwork limits set 5/1s --queue scraping --smooth",
            "steadwork limits set 10/1h --key 'customer:*'")
        {
            Rate, Queue, Type, Key, Smooth,
        }.Does(SetAsync),
        new Verb("remove", "Takes a rate limit away.", "steadwork limits remove --type send-mail") { Queue, Type, Key }.Does(RemoveAsync),
    };

    private static Task<int> ListAsync(Call call) => Answer.ShowAsync(call, store => store.LimitsAsync(CancellationToken.None), Write, Print);

    private static async Task<int> SetAsync(Call call)
    {
        var (scope, name) = Target(call);
        var (starts, period) = ParseRate(call.Value(Rate)!);
        var limit = new RateLimit(scope, name, starts, period) { Smooth = call.Value(Smooth) };
        if (limit.Refusal() is { } refusal)
            throw new Refusal(refusal);
        await using var store = call.OpenOrCreate();
        var changed = await store.SetLimitAsync(limit, ChangeOutput.By, CancellationToken.None).ConfigureAwait(false);
        ChangeOutput.Print(call, What(scope), scope.Name(), name, changed, $"{(changed ? "is" : "was")} limited to {RateOf(limit)}{(changed ? "" : " already")}");
        return ExitStatus.Done;
    }

    private static async Task<int> RemoveAsync(Call call)
    {
        var (scope, name) = Target(call);
        await using var store = call.OpenExisting();
        var changed = await store.RemoveLimitAsync(scope, name, ChangeOutput.By, CancellationToken.None).ConfigureAwait(false);
        ChangeOutput.Print(call, What(scope), scope.Name(), name, changed, changed ? "is not limited any more" : "was not limited");
        return ExitStatus.Done;
    }

    private static (LimitScope Scope, string Name) Target(Call call) => (call.Value(Queue), call.Value(Type), call.Value(Key)) switch
    {
        ({ } queue, null, null) => (LimitScope.Queue, queue),
        (null, { } type, null) => (LimitScope.Type, type),
        (null, null, { } key) => (LimitScope.Key, key),
        (null, null, null) => throw new Refusal("Say for what: give --queue, --type or --key."),
        _ => throw new Refusal("--queue, --type and --key are limits of their own; give one of them."),
    };

    private static (int Starts, TimeSpan Period) ParseRate(string text)
    {
        var form = $"'{text}' is not a rate; write it like 100/1m, that is how many in what time.";
        if (text.Split('/') is not [var number, var time] || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var starts))
            throw new Refusal(form);
        return Duration.TryParse(char.IsAsciiLetter(time.FirstOrDefault()) ? "1" + time : time, out var period) is null ? (starts, period) : throw new Refusal(form);
    }

    private static string RateOf(RateLimit limit) => $"{Numbers.Format(limit.Starts)} in {Duration.Format(limit.Period)}{(limit.Smooth ? ", evenly spread" : "")}";

    private static string What(LimitScope scope) => scope switch { LimitScope.Queue => "queue", LimitScope.Type => "job type", _ => "key" };

    private static void Print(IReadOnlyList<LimitView> limits)
    {
        if (limits.Count == 0)
        {
            Console.Out.WriteLine("There are no rate limits.");
            return;
        }
        var table = new Table("FOR", "NAME", "RATE", "#LEFT", "MORE", "SET BY", "SINCE");
        foreach (var view in limits)
        {
            table.Add(
                What(view.Limit.Scope), view.Limit.Name, RateOf(view.Limit),
                view.Left is { } left ? new Cell(Numbers.Format(left), left == 0 ? Colour.Yellow : Colour.None) : "each",
                view.MoreAt is { } more ? Moments.Relative(more) : "", view.By, Moments.Relative(view.Since));
        }
        table.Print();
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<LimitView> limits)
    {
        json.WriteStartArray();
        foreach (var view in limits)
        {
            json.WriteStartObject();
            json.WriteString("scope", view.Limit.Scope.Name());
            json.WriteString("name", view.Limit.Name);
            json.WriteNumber("starts", view.Limit.Starts);
            json.WriteString("period", Duration.Format(view.Limit.Period));
            json.WriteBoolean("smooth", view.Limit.Smooth);
            json.WriteNumberOrNull("left", view.Left);
            json.WriteTime("moreAt", view.MoreAt);
            json.WriteTime("since", view.Since);
            json.WriteString("by", view.By);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
