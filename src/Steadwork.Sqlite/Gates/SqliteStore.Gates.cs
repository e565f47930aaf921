using Steadwork.Sqlite.Connections;
using Steadwork.Sqlite.Gates;
using Steadwork.Sqlite.Writing;
using Steadwork.Storage;

namespace Steadwork.Sqlite;

public sealed partial class SqliteStore
{
    /// <inheritdoc/>
    public Task<bool> SetLimitAsync(RateLimit limit, string by, CancellationToken cancellationToken) =>
        writer.WriteAsync(transaction => Change(transaction, LogKinds.LimitSet, limit.Scope, GateJson.Said(limit, by), database => database["set-limit"]
            .Bind(1, limit.Scope.Name()).Bind(2, limit.Name).Bind(3, limit.Starts).Bind(4, (long)limit.Period.TotalMilliseconds).Bind(5, limit.Smooth ? 1L : 0)
            .Bind(6, limit.Most).Bind(7, limit.Within).Bind(8, limit.Grain).Bind(9, transaction.Now.ToUnixTimeMilliseconds()).Bind(10, by)), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RemoveLimitAsync(LimitScope scope, string name, string by, CancellationToken cancellationToken) =>
        writer.WriteAsync(transaction => Change(transaction, LogKinds.LimitRemoved, scope, GateJson.Said(scope, name, by), database => database["remove-limit"].Bind(1, scope.Name()).Bind(2, name)), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LimitView>> LimitsAsync(CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<LimitView>>(database => Limits.Views(database, Now), cancellationToken);

    /// <inheritdoc/>
    public Task<LimitView?> LimitOfKeyAsync(string key, CancellationToken cancellationToken) =>
        ReadAsync(database =>
        {
            var all = Limits.Read(database);
            return RateLimit.Of(all.Select(view => view.Limit), key) is { } limit ? Limits.Look(database, all.First(view => view.Limit == limit), key, Now) : null;
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<BreakerView>> BreakersAsync(CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<BreakerView>>(database => Breakers.Views(database, Now), cancellationToken);

    /// <inheritdoc/>
    public Task<Circuit?> SwitchBreakerAsync(string name, bool open, string by, CancellationToken cancellationToken) =>
        writer.WriteAsync(transaction =>
        {
            transaction.RequireService();
            return transaction.Breakers.Switch(transaction, name, open, by);
        }, cancellationToken);

    private static bool Change(WriteTransaction transaction, string kind, LimitScope scope, ReadOnlyMemory<byte> said, Func<Database, Statement> change)
    {
        if (!Change(transaction, kind, said, change))
            return false;
        transaction.Limits.Forget();
        if (scope is LimitScope.Key)
            transaction.Database["free-keys"].Run();
        return true;
    }
}
