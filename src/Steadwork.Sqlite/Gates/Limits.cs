using Steadwork.Sqlite.Connections;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Gates;

/// <summary>The rate limits in a transaction. They are read once, if at all.</summary>
internal sealed class Limits(Database database)
{
    private List<RateLimit>? all;

    public IReadOnlyList<RateLimit> All => all ??= Read(database).ConvertAll(view => view.Limit);

    /// <summary>All limits, each with when it was set and by whom.</summary>
    public static List<LimitView> Read(Database database) => database["limits"].All(row => new LimitView(
        new RateLimit(GateJson.Scope(row.Text(0)), row.Text(1), row.Int(2), TimeSpan.FromMilliseconds(row.Long(3))) { Smooth = row.Int(4) == 1 },
        DateTimeOffset.FromUnixTimeMilliseconds(row.Long(5)), row.Text(6), null, null));

    /// <summary>All limits as they stand, but for those of keys, each of which has its own.</summary>
    public static List<LimitView> Views(Database database, DateTimeOffset now) =>
        Read(database).ConvertAll(view => view.Limit.Scope is LimitScope.Key ? view : Look(database, view, view.Limit.Name, now));

    /// <summary>A limit as it stands, for one queue, type or key.</summary>
    public static LimitView Look(Database database, LimitView view, string name, DateTimeOffset now)
    {
        var (used, back) = Used(database, view.Limit, name, now);
        return view with { Left = (int)Math.Max(0, view.Limit.Most - used), MoreAt = back };
    }

    /// <summary>How many more a limit of a queue or type lets through.</summary>
    public int Left(RateLimit limit, DateTimeOffset now) => (int)Math.Max(0, limit.Most - Used(database, limit, limit.Name, now).Starts);

    /// <summary>Some have begun.</summary>
    public void Use(RateLimit limit, string name, int starts, DateTimeOffset now)
    {
        database["use-limit"].Bind(1, limit.Scope.Name()).Bind(2, name).Bind(3, limit.Until(now).ToUnixTimeMilliseconds()).Bind(4, starts).Run();
        database["forget-uses"].Bind(1, now.ToUnixTimeMilliseconds()).Run();
    }

    /// <summary>A job that was claimed goes back without having begun.</summary>
    public void GiveBack(long lane, DateTimeOffset claimedAt)
    {
        if (All.All(limit => limit.Scope is LimitScope.Key))
            return;
        var (queue, type) = database["queue-and-type"].Bind(1, lane).First(row => (row.Text(0), row.Text(1)));
        foreach (var limit in All.Where(limit => limit.Name == limit.Scope switch { LimitScope.Queue => queue, LimitScope.Type => type, _ => null }))
        {
            foreach (var statement in (string[])["lessen-use", "forget-use"])
                database[statement].Bind(1, limit.Scope.Name()).Bind(2, limit.Name).Bind(3, limit.Until(claimedAt).ToUnixTimeMilliseconds()).Run();
        }
    }

    /// <summary>Whether the limit of an exclusive key lets one more job come to its turn, which counts then; if not, the key is looked at again when it may.</summary>
    public bool Admits(string key, DateTimeOffset now)
    {
        if (RateLimit.Of(All, key) is not { } limit)
            return true;
        var (used, back) = Used(database, limit, key, now);
        if (used < limit.Most)
        {
            Use(limit, key, 1, now);
            return true;
        }
        database["hold-key"].Bind(1, key).Bind(2, back!.Value.ToUnixTimeMilliseconds()).Run();
        return false;
    }

    /// <summary>A job that has kept its place behind an exclusive key runs again. It is not held back, but counts.</summary>
    public void RunsAgain(string key, DateTimeOffset now)
    {
        if (RateLimit.Of(All, key) is { } limit)
            Use(limit, key, 1, now);
    }

    /// <summary>The keys whose limits let more through again.</summary>
    public List<string> TakeFreedKeys(DateTimeOffset now) =>
        database["freed-keys"].Bind(1, now.ToUnixTimeMilliseconds()).Bind(2, RateLimit.LatestOfKeys(All, now)?.ToUnixTimeMilliseconds()).All(row => row.Text(0));

    /// <summary>When one of those that let none through lets the next one; null when nothing will.</summary>
    public DateTimeOffset? Next(DateTimeOffset now)
    {
        var next = database["next-freed"].First(row => (DateTimeOffset?)DateTimeOffset.FromUnixTimeMilliseconds(row.Long(0)));
        foreach (var limit in All.Where(limit => limit.Scope is not LimitScope.Key))
        {
            var (used, back) = Used(database, limit, limit.Name, now);
            if (used >= limit.Most && !(next <= back))
                next = back;
        }
        return next;
    }

    /// <summary>They may have been changed.</summary>
    public void Forget() => all = null;

    private static (long Starts, DateTimeOffset? Back) Used(Database database, RateLimit limit, string name, DateTimeOffset now) =>
        database["limit-used"].Bind(1, limit.Scope.Name()).Bind(2, name).Bind(3, now.ToUnixTimeMilliseconds()).Bind(4, limit.Latest(now).ToUnixTimeMilliseconds())
            .First(row => (row.Long(0), row.LongOrNull(1) is { } until ? DateTimeOffset.FromUnixTimeMilliseconds(until) : (DateTimeOffset?)null));
}
