using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Tests.Enqueue;

/// <summary>Many jobs at once by the front door, into a file, where those that are alike share a statement.</summary>
public sealed class ManyTests : IAsyncDisposable
{
    private sealed record Page(int Number);

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("steadwork-many-");
    private readonly ServiceProvider services;

    public ManyTests() => services = new ServiceCollection()
        .AddSteadwork(steadwork => steadwork.UseSqlite(Path.Combine(folder.FullName, "jobs.db")).AddJobType<Page>("page"))
        .BuildServiceProvider();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private JobQueue Queue => services.GetRequiredService<JobQueue>();

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task They_are_stored_in_their_order_and_each_as_it_says_alike_or_not()
    {
        var ids = await Queue.EnqueueManyAsync(Enumerable.Range(1, 10_400).Select(number => new Page(number)), (page, options) =>
        {
            options.Priority = page.Number % 333 == 0 ? 7 : 100;
            foreach (var tag in page.Number / 100 % 2 == 0 ? new[] { "even" } : ["odd", "hundred"])
                options.Tags.Add(tag);
            options.UniqueKey = page.Number is 5 or 6 ? "five" : null;
            options.ExclusiveKey = page.Number == 1000 ? "key" : null;
        }, Token);

        // The sixth is the fifth.
        ids.Select(id => id.Value).ShouldBe([.. Enumerable.Range(1, 5).Select(id => (long)id), 5, .. Enumerable.Range(6, 10_394).Select(id => (long)id)]);
        var jobs = (await services.GetRequiredService<IStore>().FindAsync(new JobQuery { Limit = 20_000 }, Token)).ToDictionary(job => job.Id);
        jobs.Count.ShouldBe(10_399);
        foreach (var (place, id) in ids.Index().Where(each => each.Index != 5))
        {
            var (number, job) = (place + 1, jobs[id]);
            JsonSerializer.Deserialize<Page>(job.Payload.Span, JsonSerializerOptions.Web)!.Number.ShouldBe(number);
            (job.Priority, job.Tags.Count, job.UniqueKey, job.ExclusiveKey).ShouldBe((number % 333 == 0 ? 7 : 100, number / 100 % 2 == 0 ? 1 : 2, number == 5 ? "five" : null, number == 1000 ? "key" : null));
        }
        var log = await services.GetRequiredService<IStore>().ReadAsync(0, 20_000, Token);
        log.Select(entry => (entry.Position, entry.Job!.Value.Value, entry.Kind)).ShouldBe(Enumerable.Range(1, 10_399).Select(id => ((long)id, (long)id, LogKinds.Enqueued)));
    }

    [Fact]
    public async Task Of_a_list_in_which_one_is_refused_the_chunks_before_are_there_once_it_is_said()
    {
        var refused = () => Queue.EnqueueManyAsync(Enumerable.Range(1, 10_001).Select(number => new Page(number)), (page, options) => options.Priority = page.Number == 10_001 ? 0 : 100, Token);

        await refused.ShouldThrowAsync<ArgumentException>();

        (await services.GetRequiredService<IStore>().StatisticsAsync(Token)).Lanes.Single().Counts.Pending.ShouldBe(10_000);
    }
}
