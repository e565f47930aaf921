using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Shouldly;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Tests.Enqueue;

/// <summary>Batches by the front door.</summary>
public sealed class JobBatchTests : IAsyncDisposable
{
    private sealed record Page(int Number);

    private sealed record Book(string Name);

    /// <summary>The first page adds two more to its batch, from its handler.</summary>
    private sealed class PageHandler(JobQueue queue) : IJobHandler<Page>
    {
        public async Task HandleAsync(Page job, JobContext context)
        {
            if (job.Number > 1)
                return;
            await queue.EnqueueManyAsync([new Page(2), new Page(3)], (_, options) => options.Batch = context.BatchId, context.CancellationToken);
            await queue.CloseAsync(context.BatchId!.Value, context.CancellationToken);
        }
    }

    private readonly ServiceProvider services = new ServiceCollection()
        .AddSteadwork(steadwork => steadwork.UseInMemory().AddHandler<Page, PageHandler>("page").AddJobType<Book>("book").AddWorker())
        .BuildServiceProvider();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private JobQueue Queue => services.GetRequiredService<JobQueue>();

    public ValueTask DisposeAsync() => services.DisposeAsync();

    [Fact]
    public async Task A_batch_is_stored_as_one_with_its_follower()
    {
        var stored = await Queue.EnqueueAsync(
            new JobBatch("book").Add(new Page(9), o => o.Priority = 1).AddMany([new Page(7), new Page(8)], (page, o) => o.Tags.Add($"page{page.Number}")).Then(new Book("b"), o => o.RunsAnyway = true), Token);

        stored.Jobs.Count.ShouldBe(3);
        stored.Follower!.Value.State.ShouldBe(JobState.Waiting);
        var view = (await Queue.BatchAsync(stored.Id, Token))!;
        (view.Name, view.IsOpen, view.Total, view.Follower).ShouldBe(("book", false, 3, stored.Follower.Value.Id));
        (await Queue.BatchAsync(new BatchId(9), Token)).ShouldBeNull();
        (await Queue.WhyAsync(stored.Follower.Value.Id, Token))!.ShouldContain(reason => reason.Code == "dependency");
        (await services.GetRequiredService<IStore>().FindAsync(new JobQuery { Batch = stored.Id, Tag = "page8" }, Token)).ShouldHaveSingleItem().BatchId.ShouldBe(stored.Id);
    }

    [Fact]
    public async Task One_that_is_stored_in_chunks_stays_open_until_the_last()
    {
        var store = services.GetRequiredService<IStore>();
        bool? openMeanwhile = null;
        IEnumerable<Page> Pages()
        {
            foreach (var number in Enumerable.Range(2, 2 * Defaults.BulkChunk))
                yield return new Page(number);
            // The second chunk has been stored when the third is read.
            openMeanwhile = store.BatchesAsync([new BatchId(1)], Token).GetAwaiter().GetResult().Single().IsOpen;
            yield return new Page(2);
        }

        var stored = await Queue.EnqueueAsync(new JobBatch().AddMany(Pages()).Then(new Book("b")), Token);

        openMeanwhile.ShouldBe(true);
        stored.Jobs.Count.ShouldBe(2 * Defaults.BulkChunk + 1);
        var view = (await Queue.BatchAsync(stored.Id, Token))!;
        (view.IsOpen, view.Total, view.EndedAt).ShouldBe((false, 2 * Defaults.BulkChunk + 1, null));
        (await Queue.EnqueueAsync(new JobBatch { StaysOpen = true }, Token)).Jobs.ShouldBeEmpty();
    }

    [Fact]
    public async Task One_that_breaks_off_says_which_it_is_and_how_far_it_came()
    {
        const int Stored = 2 * Defaults.BulkChunk;
        var batch = new JobBatch().AddMany(Enumerable.Range(2, Stored + 1).Select(number => new Page(number)), (page, options) => options.Priority = page.Number == Stored + 2 ? 0 : 5);

        var error = await Should.ThrowAsync<BatchBrokenOffException>(() => Queue.EnqueueAsync(batch, Token));

        (error.Batch, error.Stored).ShouldBe((new BatchId(1), Stored));
        error.Message.ShouldStartWith("Of batch 1 the first 20,000 jobs are stored, and it is still open: ");
        error.InnerException.ShouldBeOfType<ArgumentException>();
        var view = (await Queue.BatchAsync(error.Batch, Token))!;
        (view.IsOpen, view.Total).ShouldBe((true, Stored));
        await Should.ThrowAsync<ArgumentException>(() => Queue.EnqueueAsync(new JobBatch().Add(new Page(1), options => options.Priority = 0), Token));
        (await Queue.BatchAsync(new BatchId(2), Token)).ShouldBeNull();
    }

    [Fact]
    public async Task A_handler_adds_jobs_to_its_own_batch_and_somebody_waits_for_the_end()
    {
        foreach (var service in services.GetServices<IHostedService>())
            await service.StartAsync(Token);
        var stored = await Queue.EnqueueAsync(new JobBatch { StaysOpen = true }.Add(new Page(1)), Token);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(30));

        var ended = await Queue.WaitAsync(stored.Id, patience.Token);

        (ended.Counts.Succeeded, ended.Total, ended.IsOpen).ShouldBe((3, 3, false));
        ended.EndedAt.ShouldNotBeNull();
        foreach (var service in services.GetServices<IHostedService>())
            await service.StopAsync(Token);
        (await Should.ThrowAsync<KeyNotFoundException>(() => Queue.WaitAsync(new BatchId(9), Token))).Message.ShouldBe("There is no batch 9.");
    }

    [Fact]
    public async Task What_is_refused_leaves_nothing()
    {
        Should.Throw<ArgumentException>(() => new JobBatch(" x")).Message.ShouldStartWith("The name of the batch begins or ends with white space.");
        await Should.ThrowAsync<ArgumentException>(() => Queue.EnqueueAsync(new JobBatch().Add(new Page(1)).Then(new Book("b"), o => o.Priority = 0), Token));
        await Should.ThrowAsync<BatchNotOpenException>(() => Queue.EnqueueAsync(new Page(1), o => o.Batch = new BatchId(1), Token));
        (await services.GetRequiredService<IStore>().FindAsync(new JobQuery(), Token)).ShouldBeEmpty();
        (await Queue.CloseAsync(new BatchId(1), Token)).ShouldBeNull();
    }
}
