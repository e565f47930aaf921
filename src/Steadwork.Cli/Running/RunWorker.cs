using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Programs;
using Steadwork.Cli.Shell;
using Steadwork.Workers;

namespace Steadwork.Cli.Running;

/// <summary>
/// One worker process of a run. It reads what to do from its standard input, and takes that input's end as the death of
/// the orchestrator, which it does not outlive.
/// </summary>
internal static class RunWorker
{
    /// <summary>The first argument by which this program knows that it is one. Not a verb for people.</summary>
    public const string Verb = "run-worker";

    /// <summary>What it prints once it is at work.</summary>
    public const string Ready = "ready";

    /// <summary>The line that has it finish what runs and end.</summary>
    public const string Drain = "drain";

    /// <summary>Longer than any program should be waited for, within what timers can count.</summary>
    private static readonly TimeSpan Endless = TimeSpan.FromDays(40);

    public static async Task<int> RunAsync()
    {
        // Ctrl-C reaches the whole group of the terminal; what a run does about it is the orchestrator's to say.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => signal.Cancel = true);
        using var terminated = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            terminated.Cancel();
        });
        using var orders = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8);
        if (await orders.ReadLineAsync().ConfigureAwait(false) is not { } line)
            return ExitStatus.Refused;
        var spec = JsonSerializer.Deserialize(line, RunJson.Default.RunSpec)!;

        await using var store = StoreUrl.Parse(spec.Store).Open(create: false);
        using var gate = new StartGate(spec.Folder, spec.Delay, spec.HaltAfter);
        using var watches = new ProgramWatches(concurrency: 1);
        var handler = new ProgramHandler(Start(spec), new ProgramOutputs(spec.Folder, spec.Results, spec.Prints, spec.Timeout), watches);
        var worker = new WorkerHost(store, RunItems.Catalog(spec.RetryDelay, handler.RunAsync), Options(spec)) { StartGate = gate };
        await worker.StartAsync().ConfigureAwait(false);
        Console.Out.WriteLine(Ready);

        using var atOnce = new CancellationTokenSource();
        var order = OrderAsync(orders);
        await Task.WhenAny(order, terminated.Token.WhenCancelled(), worker.WhenRetired).ConfigureAwait(false);
        _ = StopWithOrchestratorAsync(order, orders, atOnce);
        await worker.StopAsync(atOnce.Token).ConfigureAwait(false);
        // The orchestrator tells why.
        return worker.WhenRetired.IsCompleted ? ExitStatus.StoreUnavailable : ExitStatus.Done;
    }

    /// <summary>The next order; null once the orchestrator is gone.</summary>
    private static async Task<string?> OrderAsync(StreamReader orders)
    {
        try
        {
            return await orders.ReadLineAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>While it drains, only the end of the orders makes it end at once.</summary>
    private static async Task StopWithOrchestratorAsync(Task<string?> order, StreamReader orders, CancellationTokenSource atOnce)
    {
        while (await order.ConfigureAwait(false) is not null)
            order = OrderAsync(orders);
        await atOnce.CancelAsync().ConfigureAwait(false);
    }

    private static Func<JobContext, ProgramStart> Start(RunSpec spec)
    {
        var template = CommandTemplate.Parse(spec.Command, spec.JsonItems, append: !spec.ItemOnInput);
        var program = template.FixedProgram is { } name ? ProgramFile.Find(name) : null;
        return context =>
        {
            var item = RunItems.Text(context.Payload, spec.JsonItems);
            var command = template.Expand(new Item(item), RunItems.Sequence(context.Tags));
            return new ProgramStart
            {
                File = program ?? ProgramFile.Find(command[0]) ?? throw new UnusableItem($"There is no program '{PlainText.Line(command[0])}'."),
                Name = command[0],
                Arguments = [.. command.Skip(1)],
                StandardInput = spec.ItemOnInput ? Encoding.UTF8.GetBytes(item + "\n") : null,
                Timeout = spec.Timeout,
                OutputDirectory = spec.Folder,
            };
        };
    }

    private static WorkerOptions Options(RunSpec spec)
    {
        var options = new WorkerOptions
        {
            Concurrency = 1,
            DrainTime = Endless,
            StopGrace = TimeSpan.FromSeconds(20),
            Prefetch = spec.Delay > TimeSpan.Zero ? TimeSpan.Zero : TimeSpan.FromMilliseconds(50),
            MaxPrefetch = 100,
        };
        options.Queues(spec.Queue);
        return options;
    }
}
