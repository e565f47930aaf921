using Steadwork.Cli.Inputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Bulk;

/// <summary>Makes a job of each line of a file. Every line is checked before the first job is stored.</summary>
internal static class BulkEnqueue
{
    // Long payloads make smaller chunks: ten thousand of the longest would not fit into memory.
    private const int ChunkBytes = 32 * 1024 * 1024;

    /// <summary>What was stored.</summary>
    public readonly record struct Stored(long Count, JobId? First, JobId? Last, BatchId? Batch = null, JobId? Follower = null)
    {
        public Stored Plus(IReadOnlyList<EnqueuedJob> answers) =>
            answers.Count == 0 ? this : this with { Count = Count + answers.Count, First = First ?? answers[0].Id, Last = answers[^1].Id };
    }

    /// <summary>Checks and stores.</summary>
    /// <param name="template">The jobs but for their payloads.</param>
    /// <param name="batch">The batch that is made of them, without its jobs; null for none.</param>
    /// <param name="file">Where the lines are; <c>-</c> for standard input.</param>
    /// <param name="open">Opens the store. Called once all lines are known to be good.</param>
    /// <param name="cancellation">Ends the work between two chunks.</param>
    public static async Task<Stored> RunAsync(NewJob template, NewBatch? batch, string file, Func<IStore> open, CancellationToken cancellation)
    {
        if (Payload.RefusalOf(template) is { } refusal)
            throw new Refusal(refusal);
        FileStream? source;
        // Reading a pipe cannot be cancelled, and nothing is lost yet.
        await using (cancellation.Register(() => Environment.Exit(ExitStatus.Interrupted)))
            source = Check(template, file);
        // What follows a batch follows an empty one as well.
        if (source is null && batch is null)
            return default;
        await using (source)
        {
            await using var store = open();
            return await StoreAsync(store, source is null ? [] : Jobs(template, file, source), batch, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Reads all lines once.</summary>
    /// <returns>The source, at its beginning again; null when it holds no job.</returns>
    private static FileStream? Check(NewJob template, string file)
    {
        var source = Spool.Open(file);
        try
        {
            if (Jobs(template, file, source).Count() == 0)
                return null;
            source.Position = 0;
            return source;
        }
        catch (Refusal refusal)
        {
            source.Dispose();
            throw new Refusal($"{refusal.Message} Nothing was stored.");
        }
    }

    private static async Task<Stored> StoreAsync(IStore store, IEnumerable<(NewJob Job, long Line)> jobs, NewBatch? batch, CancellationToken cancellation)
    {
        var stored = default(Stored);
        long lastLine = 0;
        try
        {
            using var chunks = Chunks(jobs).GetEnumerator();
            var hasMore = chunks.MoveNext();
            if (batch is not null)
            {
                var first = hasMore ? chunks.Current : [];
                // It stays open until the last chunk is stored: else it could end before.
                hasMore = hasMore && chunks.MoveNext();
                var made = await store.AddBatchAsync(batch with { Jobs = [.. first.Select(entry => entry.Job)], IsOpen = batch.IsOpen || hasMore }, CancellationToken.None).ConfigureAwait(false);
                stored = new Stored(0, null, null, made.Id, made.Follower?.Id).Plus(made.Jobs);
                lastLine = first.Count == 0 ? 0 : first[^1].Line;
            }
            var isChunked = hasMore;
            for (; hasMore; hasMore = chunks.MoveNext())
            {
                cancellation.ThrowIfCancellationRequested();
                var chunk = chunks.Current;
                stored = stored.Plus(await store.EnqueueAsync([.. chunk.Select(entry => stored.Batch is { } id ? entry.Job with { Batch = id } : entry.Job)], CancellationToken.None).ConfigureAwait(false));
                lastLine = chunk[^1].Line;
            }
            if (isChunked && batch is { IsOpen: false })
                await store.CloseBatchAsync(stored.Batch!.Value, CancellationToken.None).ConfigureAwait(false);
            return stored;
        }
        catch (Exception error) when (stored.Count > 0)
        {
            var message = error is OperationCanceledException ? "Interrupted" : error.Message.TrimEnd('.');
            var status = error switch
            {
                OperationCanceledException => ExitStatus.Interrupted,
                StoreUnavailableException => ExitStatus.StoreUnavailable,
                _ => ExitStatus.WorkFailed,
            };
            throw new Refusal($"{message}; it broke off after line {lastLine}: {stored.Count} jobs are stored{(stored.Batch is { } id ? $" in batch {id}, which stays open" : "")}, the rest is not.", status, error);
        }
    }

    private static IEnumerable<List<(NewJob Job, long Line)>> Chunks(IEnumerable<(NewJob Job, long Line)> jobs)
    {
        var chunk = new List<(NewJob Job, long Line)>();
        long bytes = 0;
        foreach (var (job, line) in jobs)
        {
            // The reader uses its buffer again for the next line.
            chunk.Add((job with { Payload = job.Payload.ToArray() }, line));
            bytes += job.Payload.Length;
            if (chunk.Count < Defaults.BulkChunk && bytes < ChunkBytes)
                continue;
            yield return chunk;
            chunk = [];
            bytes = 0;
        }
        if (chunk.Count > 0)
            yield return chunk;
    }

    private static IEnumerable<(NewJob Job, long Line)> Jobs(NewJob template, string file, Stream source)
    {
        var lines = new LineReader(source, Payload.ReadAtMost);
        while (Next(lines, file, out var line))
        {
            var job = template with { Payload = line };
            if (Payload.RefusalOf(job) is { } refusal)
                throw new Refusal($"Line {lines.Number} of {Spool.NameOf(file)}: {refusal}");
            yield return (job, lines.Number);
        }
    }

    private static bool Next(LineReader lines, string file, out ReadOnlyMemory<byte> line)
    {
        try
        {
            return lines.Next(out line);
        }
        catch (LineTooLongException error)
        {
            throw new Refusal($"Line {error.Number} of {Spool.NameOf(file)}: {Payload.TooLong}");
        }
    }
}
