using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Model;

/// <summary>Whatever happens, in whatever order: a store shows what the reference shows.</summary>
public abstract class StoreModelTests<TFixture>
    where TFixture : IStoreFixture, new()
{
    /// <summary>Set to more for a longer search.</summary>
    private const string SequencesVariable = "STEADWORK_MODEL_SEQUENCES";
    private const int Usual = 100;

    [Fact]
    public void It_does_what_the_reference_does() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(HowMany).WithEndSize(200),
        Prop.ForAll(Sequences.Arbitrary, sequence => DifferenceOf(() => new TFixture(), sequence).ShouldBeNull()));

    private int HowMany => int.TryParse(Environment.GetEnvironmentVariable(SequencesVariable), out var number) ? number : Usual;

    private static string? DifferenceOf(Func<IStoreFixture> store, Sequence sequence) =>
        Comparison.DifferenceAsync(() => new InMemoryFixture(), store, sequence).GetAwaiter().GetResult();
}

public sealed class SqliteModel : StoreModelTests<SqliteFixture>;

public sealed class PostgreSqlModel : StoreModelTests<PostgreSqlFixture>;
