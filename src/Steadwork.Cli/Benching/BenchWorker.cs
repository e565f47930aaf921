using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Benching;

/// <summary>A worker in a process of its own, and, in that process, what it does.</summary>
internal sealed class BenchWorker : IAsyncDisposable
{
    /// <summary>The first argument by which this program knows that it is one. Not a verb for people.</summary>
    public const string Verb = "bench-worker";

    private const string Ready = "ready", TellsStamps = "stamps", TellsCounts = "counts";
    // What the first character of a line says that is no stamp.
    private const char Ended = '=', Stated = '#';

    private readonly Process process;
    private readonly Channel<long> begun = Channel.CreateUnbounded<long>();
    private readonly Channel<long> stated = Channel.CreateUnbounded<long>();
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task reading;
    private bool hasEnded;

    private BenchWorker(StoreUrl url, int concurrency, bool stamps)
    {
        process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [Verb, concurrency.ToString(CultureInfo.InvariantCulture), stamps ? TellsStamps : TellsCounts])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        // Not an argument: it may hold a password, which others could read there.
        process.StandardInput.WriteLine(url.ToString());
        reading = ReadAsync();
    }

    /// <summary>What its handlers told; see <see cref="Ours.Begun"/>.</summary>
    public ChannelReader<long> Stamps => begun.Reader;

    /// <summary>Processor time that it has used.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Bytes of memory that it holds.</summary>
    public long Memory
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <summary>How many handlers have begun in it, once it has ended.</summary>
    public long Count { get; private set; }

    /// <summary>The most bytes of memory that it has held, once it has ended.</summary>
    public long PeakMemory { get; private set; }

    /// <summary>Starts one, which waits for <see cref="Go"/>.</summary>
    public static async Task<BenchWorker> StartAsync(StoreUrl url, int concurrency, bool stamps)
    {
        var worker = new BenchWorker(url, concurrency, stamps);
        await worker.ready.Task.ConfigureAwait(false);
        return worker;
    }

    /// <summary>Has it begin.</summary>
    public void Go() => process.StandardInput.WriteLine();

    /// <summary>How many statements it has had the database carry out so far.</summary>
    public async Task<long> StatementsAsync()
    {
        process.StandardInput.WriteLine();
        return await stated.Reader.ReadAsync().ConfigureAwait(false);
    }

    /// <summary>Has it end, and waits for it. Once it has, nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        if (hasEnded)
            return;
        hasEnded = true;
        process.StandardInput.Close();
        await reading.ConfigureAwait(false);
        await process.WaitForExitAsync().ConfigureAwait(false);
        process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await process.StandardOutput.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            if (line == Ready)
                ready.TrySetResult();
            else if (line.StartsWith(Stated))
                stated.Writer.TryWrite(long.Parse(line.AsSpan(1), CultureInfo.InvariantCulture));
            else if (line.StartsWith(Ended))
                (Count, PeakMemory) = (long.Parse(line.AsSpan(1, line.IndexOf(' ') - 1), CultureInfo.InvariantCulture), long.Parse(line.AsSpan(line.IndexOf(' ') + 1), CultureInfo.InvariantCulture));
            else
                begun.Writer.TryWrite(long.Parse(line, CultureInfo.InvariantCulture));
        }
        ready.TrySetException(new IOException("A worker process of the measurement ended before it began."));
        begun.Writer.TryComplete();
        stated.Writer.TryComplete();
    }

    /// <summary>Works, in its own process, until its standard input ends.</summary>
    public static async Task<int> RunAsync(int concurrency, string tells)
    {
        var stamps = tells == TellsStamps;
        using var orders = new StreamReader(Console.OpenStandardInput());
        if (await orders.ReadLineAsync().ConfigureAwait(false) is not { } url)
            return ExitStatus.Refused;
        using var statements = new StatementCount();
        await using var ours = new Ours(StoreUrl.Parse(url), worker => worker.Concurrency = concurrency, stamps);
        Console.Out.WriteLine(Ready);
        await orders.ReadLineAsync().ConfigureAwait(false);
        await ours.StartAsync().ConfigureAwait(false);
        using var over = new CancellationTokenSource();
        var telling = stamps ? TellAsync(ours.Begun, over.Token) : Task.CompletedTask;
        while (await orders.ReadLineAsync().ConfigureAwait(false) is not null)
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stated}{statements.SoFar}"));
        await ours.StopAsync().ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        await telling.ConfigureAwait(false);
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Ended}{ours.Count} {Process.GetCurrentProcess().PeakWorkingSet64}"));
        return ExitStatus.Done;
    }

    private static async Task TellAsync(ChannelReader<long> begun, CancellationToken over)
    {
        try
        {
            while (true)
                Console.Out.WriteLine((await begun.ReadAsync(over).ConfigureAwait(false)).ToString(CultureInfo.InvariantCulture));
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
    }
}
