using Npgsql;
using Steadwork.PostgreSql.Connections;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>
/// Where in its line each lane's claims have come to. While some transaction holds an old snapshot, the entries of jobs long
/// gone cannot be removed from the index, and each claim from the head of the line steps over all of them. Once such claims
/// have become slow, most begin behind the mark instead.
/// </summary>
/// <remarks>
/// A job can join the line before the mark: it is of a better priority, was returned, fell due, or was committed late. So a
/// mark is at least a second old before it is used; what is known to have joined is told by <see cref="Joined"/>; and behind
/// all that there is a claim from the head again and again, for which a two-hundredth of the time is spent: seldom enough not to be felt among a hundred claims.
/// </remarks>
internal sealed class LineMarks(TimeProvider clock, TimeSpan slow)
{
    private const int SlowOnes = 3;
    private const double ShareOfTime = 1.0 / 200;
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly Dictionary<int, (short Priority, long Id)> young = [];
    private Dictionary<int, (short Priority, long Id)> usable = [];
    private long turned = clock.GetTimestamp();
    private long lastFromHead;
    private TimeSpan lastTook;
    private int slowInARow;
    private bool hasJoined;

    /// <summary>Where the next claim begins: behind the marks, of which these are the values, or at the heads of the lines.</summary>
    public (NpgsqlParameter[] Values, bool FromHead) Next()
    {
        lock (gate)
        {
            var fromHead = usable.Count == 0 || hasJoined || slowInARow < SlowOnes || clock.GetElapsedTime(lastFromHead) * ShareOfTime > lastTook;
            if (fromHead)
            {
                (lastFromHead, hasJoined) = (clock.GetTimestamp(), false);
                return ([], fromHead);
            }
            var marks = usable.ToArray();
            return ([
                Value.Of(Array.ConvertAll(marks, mark => mark.Key)),
                Value.Of(Array.ConvertAll(marks, mark => mark.Value.Priority)),
                Value.Of(Array.ConvertAll(marks, mark => mark.Value.Id))], fromHead);
        }
    }

    /// <summary>A claim has been answered.</summary>
    /// <param name="fromHead">Whether it began at the heads of the lines.</param>
    /// <param name="took">How long the whole exchange took.</param>
    /// <param name="claimed">The places of what it claimed.</param>
    /// <param name="isStopped">Whether it came to a job that it could not take, and must not pass.</param>
    public void Claimed(bool fromHead, TimeSpan took, IEnumerable<(int Lane, short Priority, long Id)> claimed, bool isStopped)
    {
        lock (gate)
        {
            if (fromHead)
            {
                lastTook = took;
                slowInARow = took >= slow ? slowInARow + 1 : 0;
            }
            hasJoined |= isStopped;
            foreach (var (lane, priority, id) in claimed)
            {
                // Where one has joined there may be more.
                hasJoined |= fromHead && usable.TryGetValue(lane, out var used) && (priority, id).CompareTo(used) <= 0;
                if (!young.TryGetValue(lane, out var mark) || mark.CompareTo((priority, id)) < 0)
                    young[lane] = (priority, id);
            }
            if (clock.GetElapsedTime(turned) < Age)
                return;
            usable = new(young);
            turned = clock.GetTimestamp();
        }
    }

    /// <summary>Something has joined a line before where the claims have come to: claims begin at the head until it is found.</summary>
    public void Joined()
    {
        lock (gate)
            hasJoined = true;
    }
}
