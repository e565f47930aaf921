using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Shouldly;
using Steadwork.Soak;
using Steadwork.Soak.Servers;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.FaultTests;

/// <summary>One program whose jobs are split over several servers, by name.</summary>
[Collection(FaultTests.OneAfterTheOther)]
public sealed class SeveralDatabasesTests : IDisposable
{
    private const string North = "north", South = "south";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly string folder = FaultTests.TakeFolder();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Each_has_its_own_jobs_and_one_that_goes_down_stops_none_of_the_other()
    {
        await using var north = await PostgresServer.MakeAsync(Path.Combine(folder, North));
        await using var south = await PostgresServer.MakeAsync(Path.Combine(folder, South));
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton<Seen>();
        foreach (var (name, server) in new[] { (North, north), (South, south) })
            builder.Services.AddSteadwork(name, t => t.UsePostgreSql(server.Url).AddHandler<Import, ImportHandler>("import").AddWorker());
        using var app = builder.Build();
        await app.StartAsync(TestContext.Current.CancellationToken);

        await EnqueueAsync(North, 1);
        await EnqueueAsync(South, 2);
        await SeenAsync(1, 2);
        // Else it would run again, as promised.
        await SucceededAsync(north, 1);
        await SucceededAsync(south, 1);

        await south.StopImmediatelyAsync();
        await Should.ThrowAsync<StoreUnavailableException>(() => EnqueueAsync(South, 3));
        await EnqueueAsync(North, 4);
        await SeenAsync(1, 2, 4);

        await south.StartAsync();
        await EnqueueAsync(South, 5);
        await SeenAsync(1, 2, 4, 5);
        await app.StopAsync(TestContext.Current.CancellationToken);
        await SucceededAsync(north, 2);
        await SucceededAsync(south, 2);

        Task EnqueueAsync(string name, int number) =>
            app.Services.GetRequiredKeyedService<JobQueue>(name).EnqueueAsync(new Import(number), cancellationToken: TestContext.Current.CancellationToken);

        async Task SeenAsync(params int[] numbers)
        {
            var seen = app.Services.GetRequiredService<Seen>();
            await Until.TrueAsync(() => Task.FromResult(seen.Numbers.Count >= numbers.Length), Patience);
            seen.Numbers.Order().ShouldBe(numbers);
        }
    }

    private static async Task SucceededAsync(PostgresServer server, long jobs) =>
        (await Until.TrueAsync(async () => (long)(await server.ExecuteAsync("SELECT count(*) FROM steadwork.history WHERE state = 'succeeded'"))! == jobs, Patience)).ShouldBeTrue();

    private sealed record Import(int Number);

    private sealed class Seen
    {
        public ConcurrentQueue<int> Numbers { get; } = new();
    }

    private sealed class ImportHandler(Seen seen) : IJobHandler<Import>
    {
        public Task HandleAsync(Import job, JobContext context)
        {
            seen.Numbers.Enqueue(job.Number);
            return Task.CompletedTask;
        }
    }
}
