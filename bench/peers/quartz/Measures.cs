using System.Diagnostics;
using System.Globalization;

namespace Steadwork.Peers;

/// <summary>What is measured, as node/measures.mjs does it.</summary>
internal sealed class Measures(Store store, Order order)
{
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

    /// <summary>From the call of the enqueue to the handler's start in another process: the median, in milliseconds.</summary>
    public async Task<Answer> PickUpAsync(string words)
    {
        var runs = new Runs(order.Jobs);
        var times = new List<double>();
        using var worker = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [words.Replace("\"pickUp\"", "\"pickUps\"", StringComparison.Ordinal)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        await worker.StandardOutput.ReadLineAsync();
        for (var number = 0; number < order.Jobs; number++)
        {
            // At any time of the scheduler's rest, and long enough for the last job's threads to have gone to sleep.
            await Task.Delay(TimeSpan.FromMilliseconds(25 + Random.Shared.NextDouble() * (20 + store.Rest.TotalMilliseconds)), TimeProvider.System);
            var began = Stopwatch.GetTimestamp();
            await store.EnqueueAsync(number);
            var (ran, at) = Begun((await worker.StandardOutput.ReadLineAsync())!);
            runs.Add(ran);
            times.Add(Stopwatch.GetElapsedTime(began, at).TotalMilliseconds);
        }
        worker.StandardInput.Close();
        while (await worker.StandardOutput.ReadLineAsync() is { } line)
            runs.Add(Begun(line).Number);
        var counted = times.Skip(order.Jobs / 6).Order().ToList();
        return new Answer(counted[counted.Count / 2], runs.Lost, runs.Twice);
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
