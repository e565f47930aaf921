using System.Data.Common;
using System.Text;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>The ends of some attempts, as the two statements take them: those that leave their job ended, and those that return it to its line.</summary>
internal sealed class ToldEnds
{
    private sealed record Told(int Place, AttemptEnd End, TransitionEffect Effect);

    private readonly List<Told> ending;
    private readonly List<Told> returning = [];

    private readonly int? lockSpace;

    /// <param name="ends">The ends. Of several of one claim the first counts.</param>
    /// <param name="lockSpace">What tells this store's locks from others; null in a caller's transaction, which may hold none of them.</param>
    public ToldEnds(IReadOnlyList<AttemptEnd> ends, int? lockSpace)
    {
        this.lockSpace = lockSpace;
        Accepted = new bool[ends.Count];
        ending = new List<Told>(ends.Count);
        var claims = new HashSet<(JobId, LeaseToken)>(ends.Count);
        for (var place = 0; place < ends.Count; place++)
        {
            if (claims.Add((ends[place].Job, ends[place].Lease)))
                Add(place, ends[place]);
        }
    }

    /// <summary>For each end whether it was applied.</summary>
    public bool[] Accepted { get; }

    /// <summary>What whoever listens may want to know.</summary>
    public WakeUp WakeUps { get; private set; }

    public bool IsEmpty => ending.Count + returning.Count == 0;

    /// <summary>Whether some of them put their job back into its line.</summary>
    public bool Returns => returning.Count > 0;

    /// <summary>Adds the statements.</summary>
    public void AddTo(Batch batch)
    {
        if (ending.Count > 0)
        {
            batch.Add("end-jobs", [
                .. Common(ending),
                Value.Of(ending.Sparse(told => told.Effect.State is JobState.Succeeded ? null : told.Effect.State.Name())),
                .. Fate(ending),
                Value.Of(ending.Sparse(told => (told.End.Transition as Transition.Cancel)?.Reason)),
                Value.Of(lockSpace)]);
        }
        if (returning.Count > 0)
        {
            batch.Add("return-jobs", [
                .. Common(returning),
                Value.Of(returning.Column(told => told.End.Transition.Name)),
                .. Fate(returning),
                Value.Of(returning.Column(told => Whole(told.Effect.RunAt))),
                Value.Of(returning.Column(told => told.Effect.Alone)),
                Value.Of(returning.Column(told => TransitionEffect.Of(told.End.Transition, alone: true, default).Alone)),
                Value.Of(lockSpace)]);
        }
    }

    /// <summary>Reads their answers.</summary>
    /// <param name="reader">Stands at the first of them.</param>
    /// <returns>The ends that were not applied because somebody wants their job cancelled, with what the lifecycle makes of that; to be told once more.</returns>
    public async Task<List<(int Place, AttemptEnd End)>> ReadAsync(DbDataReader reader)
    {
        if (ending.Count > 0)
        {
            var (places, others) = await reader.FirstAsync(row => (row.GetFieldValue<long[]>(0), row.Long(1))).ConfigureAwait(false);
            foreach (var place in places!)
                Accept(ending[(int)place - 1], WakeUp.Ends);
            if (others > 0)
                WakeUps |= WakeUp.Jobs;
        }
        var wanted = new List<(int, AttemptEnd)>();
        if (returning.Count == 0)
            return wanted;
        if (ending.Count > 0)
            await reader.NextAsync().ConfigureAwait(false);
        foreach (var (place, reason) in await reader.AllAsync(row => ((int)row.Long(0) - 1, row.TextOrNull(1))).ConfigureAwait(false))
        {
            if (place < 0)
            {
                WakeUps |= WakeUp.Jobs;
                continue;
            }
            var told = returning[place];
            if (reason is null)
                Accept(told, WakeUp.Jobs);
            else
                wanted.Add((told.Place, told.End with { Transition = JobLifecycle.Honour(told.End.Transition, reason) }));
        }
        return wanted;
    }

    /// <summary>How many answers there are to read.</summary>
    public int Answers => (ending.Count > 0 ? 1 : 0) + (returning.Count > 0 ? 1 : 0);

    private void Add(int place, AttemptEnd end)
    {
        // The time decides nothing here that the statement does not decide by the server's clock.
        var told = new Told(place, end, TransitionEffect.Of(end.Transition, alone: false, default));
        (told.Effect.State.IsEnded() ? ending : returning).Add(told);
    }

    private void Accept(Told told, WakeUp wakeUp)
    {
        Accepted[told.Place] = true;
        WakeUps |= wakeUp;
    }

    private static Npgsql.NpgsqlParameter[] Common(List<Told> ends) =>
    [
        Value.Of(ends.Column(told => told.End.Job.Value)),
        Value.Of(ends.Column(told => told.End.Lease.Value)),
        Value.Of(ends.Column(told => Whole(told.End.StartedAt))),
        Value.Of(ends.Column(told => Whole(told.End.FinishedAt))),
    ];

    private static Npgsql.NpgsqlParameter[] Fate(List<Told> ends) =>
    [
        Value.Of(ends.Sparse(told => told.End.Transition is Transition.Succeed ? null : AttemptOutcomes.Of(told.End.Transition))),
        Value.Of(ends.Sparse(told => told.Effect.GivesBackAttempt)),
        Value.Of(ends.Sparse(told => told.Effect.CountsFailure)),
        Value.Of(ends.Sparse(told => TextOf(ErrorJson.Write(told.Effect.Error)))),
        Value.Of(ends.Sparse(told => TextOf(told.Effect.Result))),
    ];

    private static DateTimeOffset? Whole(DateTimeOffset? time) => Times.Whole(time)?.ToUniversalTime();

    private static string? TextOf(ReadOnlyMemory<byte> utf8) => utf8.IsEmpty ? null : Encoding.UTF8.GetString(utf8.Span);
}
