using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Steadwork.Peers;

/// <summary>What is measured, as node/measures.mjs does it.</summary>
internal sealed class Measures(Store store, Order order)
{
    /// <summary>A second run of a job comes with the worker's next look at the store: after its rest, and so long for the look itself.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(300);

    /// <summary>Callers who each wait until their job is stored before they bring the next.</summary>
    public async Task<Answer> EnqueueAsync()
    {
        await EnqueueByAsync(order.Callers, 0, order.WarmUps);
        return await StoredAsync(await RateOfAsync(() => EnqueueByAsync(order.Callers, order.WarmUps, order.Jobs)));
    }

    /// <summary>All in one call.</summary>
    public async Task<Answer> BulkAsync()
    {
        await store.EnqueueManyAsync(0, order.WarmUps);
        return await StoredAsync(await RateOfAsync(() => store.EnqueueManyAsync(order.WarmUps, order.Jobs)));
    }

    /// <summary>From the start of the workers until the store has been told of every end.</summary>
    public async Task<Answer> DrainAsync()
    {
        var runs = new Runs(order.WarmUps + order.Jobs);
        await WorkThroughAsync(runs, 0, order.WarmUps);
        var rate = await WorkThroughAsync(runs, order.WarmUps, order.Jobs);
        return new Answer(runs.Lost == 0 ? rate : null, runs.Lost, runs.Twice);
    }

    /// <summary>From the call of the enqueue to the handler's start in another process: the median, in milliseconds. A lost job ends it.</summary>
    public async Task<Answer> PickUpAsync(string words)
    {
        var runs = new Runs(order.Jobs);
        var starts = Enumerable.Range(0, order.Jobs).Select(_ => new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously)).ToList();
        using var worker = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [words.Replace("\"pickUp\"", "\"pickUps\"", StringComparison.Ordinal)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var first = await worker.StandardOutput.ReadLineAsync().WaitAsync(Runs.Patience, TimeProvider.System)
            ?? throw new InvalidOperationException("The worker in the other process does not begin.");
        var reading = ReadAsync();
        var (times, lost) = (new List<double>(), 0);
        while (times.Count < order.Jobs && lost == 0)
        {
            // At any time of the scheduler's rest, and long enough for the last job's threads to have gone to sleep.
            await Task.Delay(TimeSpan.FromMilliseconds(25 + Random.Shared.NextDouble() * (20 + store.Rest.TotalMilliseconds)), TimeProvider.System);
            var start = starts[times.Count].Task;
            var began = Stopwatch.GetTimestamp();
            await store.EnqueueAsync(times.Count);
            if (await Task.WhenAny(start, Task.Delay(Runs.Patience + store.Rest, TimeProvider.System)) == start)
                times.Add(Stopwatch.GetElapsedTime(began, await start).TotalMilliseconds);
            else
                lost = 1;
        }
        await Task.Delay(store.Rest + Look, TimeProvider.System);
        worker.StandardInput.Close();
        await reading;
        List<double> counted = lost == 0 ? [.. times.Skip(order.Jobs / 6).Order()] : [];
        var said = JsonSerializer.Deserialize<Dictionary<string, string>>(first)!;
        return new Answer(lost == 0 ? counted[counted.Count / 2] : null, lost, runs.Twice, counted.Count, [said]);

        async Task ReadAsync()
        {
            while (await worker.StandardOutput.ReadLineAsync() is { } line)
            {
                var (number, at) = Begun(line);
                runs.Add(number);
                starts[number].TrySetResult(at);
            }
        }
    }

    private static (int Number, long At) Begun(string line)
    {
        var parts = line.Split(' ');
        return (int.Parse(parts[0], CultureInfo.InvariantCulture), long.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    private Task EnqueueByAsync(int callers, int first, int jobs) => Task.WhenAll(Enumerable.Range(0, callers).Select(async caller =>
    {
        await Task.Yield();
        for (var number = caller; number < jobs; number += callers)
            await store.EnqueueAsync(first + number);
    }));

    private async Task<double> WorkThroughAsync(Runs runs, int first, int jobs)
    {
        await store.EnqueueManyAsync(first, jobs);
        runs.Await(first + jobs);
        return await RateOfAsync(async () =>
        {
            await store.WorkAsync(note => runs.Add(note.Size));
            if (await runs.WhenAllAsync())
            {
                while (await store.UnfinishedAsync() > 0)
                    await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
            }
        }, jobs, store.RestAsync);
    }

    private async Task<Answer> StoredAsync(double rate)
    {
        var surplus = await store.UnfinishedAsync() - order.WarmUps - order.Jobs;
        return new Answer(rate, Math.Max(0, -surplus), Math.Max(0, surplus));
    }

    private Task<double> RateOfAsync(Func<Task> work) => RateOfAsync(work, order.Jobs, () => Task.CompletedTask);

    private static async Task<double> RateOfAsync(Func<Task> work, int jobs, Func<Task> after)
    {
        var began = Stopwatch.GetTimestamp();
        await work();
        var rate = jobs / Stopwatch.GetElapsedTime(began).TotalSeconds;
        await after();
        return rate;
    }
}
