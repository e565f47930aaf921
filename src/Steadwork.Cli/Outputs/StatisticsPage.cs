using Steadwork.Storage;

namespace Steadwork.Cli.Outputs;

/// <summary>A store's numbers on one screen for people.</summary>
internal static class StatisticsPage
{
    public static void Print(StoreStatistics statistics)
    {
        var queues = QueueTable(statistics);
        var types = Counts("TYPE", Sums.Types(statistics));
        var names = Math.Max(queues.FirstWidth, types.FirstWidth);
        queues.Print(names);
        Console.Out.WriteLine();
        if (statistics.Lanes.Count > 0)
        {
            types.Print(names);
            Console.Out.WriteLine();
        }
        PrintPauses(statistics);
        if (statistics.Workers.Count > 0)
            WorkerTable(statistics.Workers).Print();
        else
            Console.Out.WriteLine("No worker is alive.");
    }

    public static void PrintQueues(StoreStatistics statistics)
    {
        QueueTable(statistics).Print();
        if (statistics.Pauses.Count > 0)
            Console.Out.WriteLine();
        PrintPauses(statistics);
    }

    private static Table QueueTable(StoreStatistics statistics) => Counts("QUEUE", Sums.Queues(statistics).Append(("all", Sums.Total(statistics))));

    private static void PrintPauses(StoreStatistics statistics)
    {
        foreach (var pause in statistics.Pauses)
        {
            Console.Out.WriteLine(Terminal.Paint(PlainText.Line($"The {ChangeOutput.What(pause.Scope)} {pause.Name} is paused since {Moments.Full(pause.Since)}, by {pause.By}."), Colour.Yellow));
        }
    }

    public static Table WorkerTable(IEnumerable<WorkerView> workers)
    {
        var table = new Table("#WORKER", "NAME", "HOST", "#PROCESS", "STARTED", "#JOBS", "QUEUES", "TYPES", "TAGS");
        foreach (var worker in workers)
        {
            table.Add(
                worker.Id.ToString(), worker.Name, worker.Host, worker.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture),
                Moments.Relative(worker.StartedAt), worker.Running, string.Join(' ', worker.Queues), string.Join(' ', worker.Types), string.Join(' ', worker.Tags));
        }
        return table;
    }

    private static Table Counts(string heading, IEnumerable<(string Name, StateCounts Counts)> rows)
    {
        var table = new Table([heading, .. JobStates.All.Select(state => "#" + state.Name().ToUpperInvariant())]);
        foreach (var (name, counts) in rows)
            table.Add([name, .. JobStates.All.Select(state => Count(state, counts[state]))]);
        return table;
    }

    /// <summary>Only what is there stands out.</summary>
    private static Cell Count(JobState state, long count) => Cell.Of(state, Numbers.Format(count)) with { Colour = count == 0 ? Colour.Faint : Cell.Of(state, "").Colour };
}
