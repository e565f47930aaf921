using Microsoft.Extensions.Hosting;
using Steadwork.Workers;

namespace Steadwork;

/// <summary>Starts and drains a worker with the program's host.</summary>
internal sealed class WorkerHosting(WorkerHost worker) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => worker.StartAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => worker.StopAsync(cancellationToken);
}
