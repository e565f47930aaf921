using System.CommandLine;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Commands;

/// <summary><c>queues</c>: what stands in them, and whether their jobs may be claimed.</summary>
internal static class QueuesCommand
{
    private static readonly Argument<string?> Queue = new("QUEUE") { HelpName = "QUEUE", Description = "The queue.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string?> Type = Options.Text("--type", "TYPE", "A job type instead of a queue: its jobs in all queues.");

    public static Verb Create() => new("queues", "Shows, pauses and resumes queues.", "steadwork queues list", "steadwork queues pause imports")
    {
        new Verb("list", "Lists the queues, and what is paused since when and by whom.", "steadwork queues list").Does(ListAsync),
        new Verb("pause", "Lets no job of a queue begin until it is resumed, on any worker; those that run go on.", "steadwork queues pause imports", "steadwork queues pause --type send-mail")
        {
            Queue, Type,
        }.Does(call => ChangeAsync(call, (store, scope, name, by) => store.PauseAsync(scope, name, by, CancellationToken.None), "is paused", "was paused already")),
        new Verb("resume", "Lets the jobs of a paused queue begin again.", "steadwork queues resume imports", "steadwork queues resume --type send-mail")
        {
            Queue, Type,
        }.Does(call => ChangeAsync(call, (store, scope, name, by) => store.ResumeAsync(scope, name, by, CancellationToken.None), "goes on", "was not paused")),
    };

    private static Task<int> ListAsync(Call call) => Answer.ShowAsync(call, store => store.StatisticsAsync(CancellationToken.None), StatisticsJson.WriteQueues, StatisticsPage.PrintQueues);

    private static async Task<int> ChangeAsync(Call call, Func<IStore, PauseScope, string, string, Task<bool>> change, string done, string idle)
    {
        var (scope, name) = Target(call);
        await using var store = call.OpenExisting();
        var changed = await change(store, scope, name, ChangeOutput.By).ConfigureAwait(false);
        ChangeOutput.Print(call, scope, name, changed, changed ? done : idle);
        return ExitStatus.Done;
    }

    private static (PauseScope Scope, string Name) Target(Call call) => (call.Value(Queue), call.Value(Type)) switch
    {
        ({ } queue, null) => (PauseScope.Queue, Checked("queue", queue)),
        (null, { } type) => (PauseScope.Type, Checked("job type", type)),
        (null, null) => throw new Refusal("Say which: a QUEUE, or --type with a job type."),
        _ => throw new Refusal("A QUEUE and --type are two things; pause or resume one at a time."),
    };

    private static string Checked(string what, string name) => NewJobRules.NameRefusal(what, name) is { } refusal ? throw new Refusal(refusal) : name;
}
