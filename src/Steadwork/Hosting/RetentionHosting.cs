using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Steadwork.Storage;

namespace Steadwork;

/// <summary>Sets the retention of a store when a program starts that says one: before any worker of it can prune.</summary>
internal sealed class RetentionHosting(IStore store, RetentionRules rules, Func<string> by, ILogger logger) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var before = await store.RetentionAsync(cancellationToken).ConfigureAwait(false);
        if (await store.SetRetentionAsync(rules, by(), cancellationToken).ConfigureAwait(false))
            logger.RetentionSet(by(), before?.By ?? "nobody");
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
