using System.CommandLine;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Commands;

/// <summary><c>batches</c>: jobs that were enqueued as one.</summary>
internal static class BatchesCommand
{
    private static readonly Argument<BatchId> Id = BatchIds.One("The batch.");

    public static Verb Create() => new("batches", "Shows and closes batches: jobs that were enqueued as one.", "steadwork enqueue resize --jsonl photos.jsonl --batch photos --then publish", "steadwork batches show 7")
    {
        new Verb("show", "Shows how the jobs of a batch stand, and what follows it.", "steadwork batches show 7") { Id }.Does(ShowAsync),
        new Verb("close", "Closes an open batch: it takes no more jobs, and ends when those that it has have ended.", "steadwork batches close 7") { Id }.Does(CloseAsync),
    };

    private static async Task<int> ShowAsync(Call call)
    {
        var id = call.Value(Id);
        await using var store = call.OpenExisting();
        if (await store.BatchesAsync([id], CancellationToken.None).ConfigureAwait(false) is not [var batch])
            throw Unknown(id);
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

    private static Refusal Unknown(BatchId id) => new($"There is no batch {id}.");
}
