using Steadwork.StoreTests.Copying;
using Steadwork.StoreTests.Faults;
using Steadwork.StoreTests.Fixtures;
using Steadwork.StoreTests.Model;
using Xunit.Sdk;
using Xunit.v3;

[assembly: Xunit.TestCollectionOrderer(typeof(LongestFirst))]

namespace Steadwork.StoreTests.Fixtures;

/// <summary>Begins with the classes that take longest, so that the others run beside them and not before them.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Long = [nameof(PlantedFaultTests), nameof(PostgreSqlModel), nameof(PostgreSqlToPostgreSql), nameof(PostgreSqlToSqlite), nameof(SqliteToPostgreSql)];

    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(collection => Array.FindIndex(Long, name => collection.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal)) is >= 0 and var place ? place : Long.Length)];
}
