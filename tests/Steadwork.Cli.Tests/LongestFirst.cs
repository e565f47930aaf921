using Steadwork.Cli.Tests.Copying;
using Steadwork.Cli.Tests.Running;
using Xunit.Sdk;
using Xunit.v3;

[assembly: Xunit.TestCollectionOrderer(typeof(Steadwork.Cli.Tests.LongestFirst))]

namespace Steadwork.Cli.Tests;

/// <summary>Begins with the classes that take longest, those about processes, so that the others run beside them and not before them.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly Type[] Long =
    [
        typeof(InterruptionTests<>), typeof(ResumeTests<>), typeof(KillTests<>), typeof(StalledWorkerTests<>), typeof(CopyUnderWayTests),
        typeof(AttemptTests<>), typeof(WorkTests<>), typeof(ItemTests<>), typeof(ReportTests<>),
    ];

    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(collection => Array.FindIndex(Long, type => collection.TestCollectionDisplayName.Contains(type.Name.Split('`')[0], StringComparison.Ordinal)) is >= 0 and var place ? place : Long.Length)];
}
