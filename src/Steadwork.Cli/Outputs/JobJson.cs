using System.Text.Json;
using Steadwork.Storage;

namespace Steadwork.Cli.Outputs;

/// <summary>A job in JSON: the shape that others rely on.</summary>
internal static class JobJson
{
    /// <summary>What only the job's own page tells.</summary>
    /// <param name="Parents">The jobs that it comes after.</param>
    /// <param name="Follows">The batch that it follows; null when it follows none.</param>
    /// <param name="Attempts">Its attempts.</param>
    public sealed record More(IReadOnlyList<Parent> Parents, FollowedBatch? Follows, IReadOnlyList<Attempt> Attempts);

    /// <summary>Writes one job.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="job">The job.</param>
    /// <param name="more">What its own page tells of it; null leaves that out.</param>
    public static void Write(Utf8JsonWriter json, Job job, More? more = null)
    {
        json.WriteStartObject();
        json.WriteNumber("id", job.Id.Value);
        json.WriteString("type", job.Type);
        json.WriteString("queue", job.Queue);
        json.WriteNumber("priority", job.Priority);
        json.WriteString("state", job.State.Name());
        json.WriteNumber("attempt", job.Attempt);
        json.WriteNumber("maxAttempts", job.MaxAttempts);
        json.WriteTime("runAt", job.RunAt);
        json.WriteTime("createdAt", job.CreatedAt);
        json.WriteTime("startedAt", job.StartedAt);
        json.WriteTime("finishedAt", job.FinishedAt);
        json.WriteString("exclusiveKey", job.ExclusiveKey);
        json.WriteString("uniqueKey", job.UniqueKey);
        json.WriteTexts("tags", job.Tags);
        json.WriteTexts("requires", job.Requires);
        json.WriteNumberOrNull("batchId", job.BatchId?.Value);
        json.WriteString("run", RunQueue.RunOf(job.Queue));
        json.WriteNumberOrNull("worker", job.Worker?.Value);
        json.WriteEmbedded("payload", job.Payload);
        json.WriteEmbedded("result", job.Result);
        WriteError(json, "lastError", job.LastError);
        if (more is not null)
        {
            WriteParents(json, more.Parents);
            json.WriteNumberOrNull("afterBatch", more.Follows?.Batch.Id.Value);
            json.WriteTime("expiresAt", job.ExpiresAt);
            WriteAttempts(json, job, more.Attempts);
        }
        json.WriteEndObject();
    }

    private static void WriteParents(Utf8JsonWriter json, IReadOnlyList<Parent> parents)
    {
        json.WriteStartArray("after");
        foreach (var parent in parents.OrderBy(parent => parent.Job))
        {
            json.WriteStartObject();
            json.WriteNumber("id", parent.Job.Value);
            json.WriteString("state", parent.State?.Name());
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteAttempts(Utf8JsonWriter json, Job job, IReadOnlyList<Attempt> attempts)
    {
        json.WriteStartArray("attempts");
        foreach (var attempt in attempts)
        {
            json.WriteStartObject();
            json.WriteNumber("attempt", attempt.Number);
            json.WriteNumber("worker", attempt.Worker.Value);
            json.WriteTime("startedAt", attempt.StartedAt);
            json.WriteTime("finishedAt", attempt.FinishedAt);
            json.WriteString("outcome", attempt.Outcome);
            WriteError(json, "error", attempt.Error);
            // A successful attempt's result is the job's.
            json.WriteEmbedded("result", attempt.Outcome is AttemptOutcomes.Succeeded ? job.Result : attempt.Result);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteError(Utf8JsonWriter json, string name, JobError? error)
    {
        if (error is null)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartObject(name);
        json.WriteString("type", error.Type);
        json.WriteString("message", error.Message);
        json.WriteString("stack", error.Stack);
        json.WriteEndObject();
    }
}
