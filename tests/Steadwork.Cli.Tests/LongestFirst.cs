using Steadwork.Cli.Tests.Running;
using Xunit.Sdk;
using Xunit.v3;

[assembly: Xunit.TestCollectionOrderer(typeof(Steadwork.Cli.Tests.LongestFirst))]

namespace Steadwork.Cli.Tests;

/// <summary>
/// Begins with the tests that mostly wait, so that the others run beside them and not before them, and ends with the crowds of
/// processes, beside which nothing keeps to a time.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly Type[] Long = [typeof(StalledWorkerTests<>), typeof(KillTests<>), typeof(InterruptionTests<>), typeof(ReportTests<>)];

    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(collection => Is(collection, typeof(CrowdTests<>)) ? Long.Length + 1
            : Array.FindIndex(Long, type => Is(collection, type)) is >= 0 and var place ? place : Long.Length)];

    private static bool Is(ITestCollection collection, Type tests) =>
        collection.TestCollectionDisplayName.Contains(tests.Name[..tests.Name.IndexOf('`', StringComparison.Ordinal)], StringComparison.Ordinal);
}
