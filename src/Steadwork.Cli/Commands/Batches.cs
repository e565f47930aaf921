using System.CommandLine;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Commands;

/// <summary><c>batches</c>: jobs that were enqueued as one.</summary>
internal static class BatchesCommand
{
    private static readonly Argument<BatchId> Id = BatchIds.One("The batch.");

    private static readonly Option<TimeSpan?> Timeout = Waits.Timeout();

    public static Verb Create() => new("batches", "Shows, closes and waits for batches: jobs that were enqueued as one.", "steadwork enqueue resize --jsonl photos.jsonl --batch photos --then publish", "steadwork batches show 7")
    {
        new Verb("show", "Shows how the jobs of a batch stand, and what follows it.", "steadwork batches show 7") { Id }.Does(ShowAsync),
        new Verb("close", "Closes an open batch: it takes no more jobs, and ends when those that it has have ended.", "steadwork batches close 7") { Id }.Does(CloseAsync),
        new Verb("wait", "Waits until a batch has ended. Ends with 0 when all of its jobs succeeded, else, or when it took too long, with 1.", "steadwork batches wait 7 --timeout 1h") { Id, Timeout }.Does(WaitAsync),
    };

    private static async Task<int> ShowAsync(Call call)
    {
        var id = call.Value(Id);
        await using var store = call.OpenExisting();
        var batch = await FindAsync(store, id).ConfigureAwait(false);
        if (call.Json)
            JsonOutput.Document(json => BatchPage.Write(json, batch));
        else
            BatchPage.Print(batch, batch.Follower is { } follower ? await store.FindAsync(follower).ConfigureAwait(false) : null);
        return ExitStatus.Done;
    }

    private static async Task<int> CloseAsync(Call call)
    {
        var id = call.Value(Id);
        await using var store = call.OpenExisting();
        var closed = await store.CloseBatchAsync(id, CancellationToken.None).ConfigureAwait(false) ?? throw Unknown(id);
        if (call.Json)
        {
            JsonOutput.Document(json =>
            {
                json.WriteStartObject();
                json.WriteNumber("batch", id.Value);
                json.WriteBoolean("changed", closed);
                json.WriteEndObject();
            });
        }
        else
        {
            Console.Out.WriteLine($"Batch {id} {(closed ? "is closed" : "was closed already")}.");
        }
        return ExitStatus.Done;
    }

    private static async Task<int> WaitAsync(Call call)
    {
        var (id, timeout) = (call.Value(Id), call.Value(Timeout));
        await using var store = call.OpenExisting();
        var batch = await Waits.WaitAsync(timeout, cancellation => EndAsync(store, id, cancellation), () => FindAsync(store, id)).ConfigureAwait(false);
        if (batch.EndedAt is null)
            throw Waits.Over($"Batch {id} is still {BatchPage.Standing(batch).Word}", timeout);
        if (call.Json)
            JsonOutput.Document(json => BatchPage.Write(json, batch));
        else
            Console.Out.WriteLine($"Batch {id} has ended: of {Numbers.Format(batch.Total)} jobs {Numbers.Format(batch.Counts.Succeeded)} succeeded.");
        return batch.Unsuccessful == 0 ? ExitStatus.Done : ExitStatus.WorkFailed;
    }

    private static async Task<BatchView> EndAsync(IStore store, BatchId id, CancellationToken cancellation)
    {
        try
        {
            return await new BatchWatch(store, TimeProvider.System).WaitAsync(id, cancellation).ConfigureAwait(false);
        }
        catch (KeyNotFoundException)
        {
            throw Unknown(id);
        }
    }

    private static async Task<BatchView> FindAsync(IStore store, BatchId id) =>
        (await store.BatchesAsync([id], CancellationToken.None).ConfigureAwait(false)).FirstOrDefault() ?? throw Unknown(id);

    private static Refusal Unknown(BatchId id) => new($"There is no batch {id}.");
}
