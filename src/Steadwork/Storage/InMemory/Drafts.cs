namespace Steadwork.Storage.InMemory;

/// <summary>Makes a job of what is enqueued; it gets its number when it is stored.</summary>
internal static class Drafts
{
    public static Entry Of(NewJob job, DateTimeOffset now)
    {
        var runAt = job.RunAt ?? now + job.Delay;
        return new Entry
        {
            UniqueUntil = Uniqueness.Until(job, now),
            RunsAnyway = job.RunsAnyway,
            Job = new Job
            {
                Id = default,
                Type = job.Type,
                Queue = job.Queue,
                Priority = job.Priority,
                State = JobState.Pending,
                Attempt = 0,
                Failures = 0,
                MaxAttempts = job.MaxAttempts,
                Timeout = Times.Whole(job.Timeout),
                RunAt = Times.Whole(runAt),
                ExpiresAt = Times.ExpiryOf(job, now),
                CreatedAt = Times.Whole(now),
                UniqueKey = job.UniqueKey,
                ExclusiveKey = job.ExclusiveKey,
                ExclusiveLimit = job.ExclusiveLimit,
                BatchId = job.Batch,
                Tags = [.. job.Tags],
                Requires = Requirement.Read(Requirement.Text(job.Requires)),
                Payload = job.Payload.ToArray(),
                TraceParent = job.TraceParent,
            },
        }.Placed(now);
    }
}
