using Steadwork.Cli.Commands;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli;

/// <summary>The verbs, in the order in which the help lists them. Only the one that is called is made.</summary>
internal static class Verbs
{
    public static IReadOnlyList<(string Name, Func<Verb> Create)> All { get; } =
    [
        ("run", RunCommand.Create),
        ("enqueue", EnqueueCommand.Create),
        ("work", WorkCommand.Create),
        ("list", ListCommand.Create),
        ("show", ShowCommand.Create),
        ("why", WhyCommand.Create),
        ("wait", WaitCommand.Create),
        ("cancel", CancelCommand.Create),
        ("retry", RetryCommand.Create),
        ("delete", DeleteCommand.Create),
        ("stats", StatsCommand.Create),
        ("queues", QueuesCommand.Create),
        ("schedules", SchedulesCommand.Create),
        ("batches", BatchesCommand.Create),
        ("limits", LimitsCommand.Create),
        ("breakers", BreakersCommand.Create),
        ("workers", WorkersCommand.Create),
        ("doctor", DoctorCommand.Create),
        ("prune", PruneCommand.Create),
        ("copy", CopyCommand.Create),
        ("bench", BenchCommand.Create),
    ];
}
