using Steadwork.PostgreSql.Copying;
using Steadwork.Storage;
using Steadwork.Storage.Copying;

namespace Steadwork.PostgreSql;

public sealed partial class PostgreSqlStore : ICopyableStore
{
    private Service Service => new(database, log);

    string ICopyableStore.Place => database.PlaceInSentence;

    Task<Retirement?> ICopyableStore.RetirementAsync(CancellationToken cancellationToken) => database.RetirementAsync(connection: null);

    Task ICopyableStore.RetireAsync(Retirement retirement, CancellationToken cancellationToken) => Service.RetireAsync(retirement, cancellationToken);

    async Task ICopyableStore.ReopenAsync(CancellationToken cancellationToken)
    {
        await Service.ReopenAsync(cancellationToken).ConfigureAwait(false);
        Changed(WakeUp.Jobs);
    }

    async Task<UnderWay> ICopyableStore.SettleDownAsync(CancellationToken cancellationToken)
    {
        var left = await Service.SettleDownAsync(cancellationToken).ConfigureAwait(false);
        if (left.IsNothing)
            Changed(WakeUp.Jobs);
        return left;
    }

    Task<ICopyReader> ICopyableStore.ReadOutAsync(CancellationToken cancellationToken) => Service.ReadOutAsync(cancellationToken);

    Task<ICopyWriter> ICopyableStore.FillAsync(CancellationToken cancellationToken) => Service.FillAsync(cancellationToken);
}
