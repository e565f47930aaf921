using Steadwork.PostgreSql.Connections;
using Steadwork.PostgreSql.Gates;
using Steadwork.Storage;

namespace Steadwork.PostgreSql;

public sealed partial class PostgreSqlStore
{
    /// <inheritdoc/>
    public Task<bool> SetLimitAsync(RateLimit limit, string by, CancellationToken cancellationToken) =>
        ChangeAsync(batch => batch.Add("set-limit",
            Value.Of(limit.Scope.Name()), Value.Of(limit.Name), Value.Of(limit.Starts), Value.Of((long)limit.Period.TotalMilliseconds), Value.Of(limit.Smooth),
            Value.Of(limit.Most), Value.Of(limit.Within), Value.Of(limit.Grain), Value.Of(by), Value.OfUtf8(GateJson.Said(limit, by))), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RemoveLimitAsync(LimitScope scope, string name, string by, CancellationToken cancellationToken) =>
        ChangeAsync(batch => batch.Add("remove-limit", Value.Of(scope.Name()), Value.Of(name), Value.OfUtf8(GateJson.Said(scope, name, by))), cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<LimitView>> LimitsAsync(CancellationToken cancellationToken) =>
        await database.RunAsync(database.Batch().Add("limits"), reader => reader.AllAsync(Limits.View), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public Task<LimitView?> LimitOfKeyAsync(string key, CancellationToken cancellationToken) =>
        database.RunAsync(database.Batch().Add("limit-of-key", Value.Of(key)), reader => reader.FirstAsync(Limits.View), cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BreakerView>> BreakersAsync(CancellationToken cancellationToken) => await breakers.FindAsync(cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<Circuit?> SwitchBreakerAsync(string name, bool open, string by, CancellationToken cancellationToken)
    {
        if (await breakers.SwitchAsync(name, open, by, cancellationToken).ConfigureAwait(false) is not var (circuit, changed))
            return null;
        if (changed)
            Changed(WakeUp.Jobs);
        return circuit;
    }

}
