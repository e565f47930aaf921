using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Steadwork.Storage;
using Steadwork.Workers.Running;

namespace Steadwork.Workers;

/// <summary>What the parts of one worker share.</summary>
internal sealed record WorkerParts(JobCatalog Catalog, WorkerOptions Options, IStore Store, TimeProvider Clock, IServiceScopeFactory? Scopes, ILogger Logger, ILogger JobLogger)
{
    /// <summary>Told of an attempt whose slot was taken from it, with its end.</summary>
    public Action<JobRun, AttemptEnd> OnAbandoned { get; set; } = (_, _) => { };

    /// <summary>Asked before each attempt; null lets all begin.</summary>
    public IStartGate? StartGate { get; set; }

    /// <summary>Told when the store says that the worker is dead.</summary>
    public Action OnLeaseInDoubt { get; set; } = () => { };
}
