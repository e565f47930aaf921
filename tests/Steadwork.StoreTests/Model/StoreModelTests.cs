using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Model;

/// <summary>Whatever happens, in whatever order: a store shows what the reference shows.</summary>
public sealed class StoreModelTests
{
    private const int Usual = 250;

    /// <summary>Set to more for a longer search.</summary>
    private const string SequencesVariable = "STEADWORK_MODEL_SEQUENCES";

    [Fact]
    public void Sqlite_does_what_the_reference_does() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(HowMany).WithEndSize(60),
        Prop.ForAll(Sequences.Arbitrary, sequence => DifferenceOf(() => new SqliteFixture(), sequence).ShouldBeNull()));

    [Fact]
    public void PostgreSql_does_what_the_reference_does() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(HowMany).WithEndSize(60),
        Prop.ForAll(Sequences.Arbitrary, sequence => DifferenceOf(() => new PostgreSqlFixture(), sequence).ShouldBeNull()));

    private static int HowMany => int.TryParse(Environment.GetEnvironmentVariable(SequencesVariable), out var number) ? number : Usual;

    private static string? DifferenceOf(Func<IStoreFixture> store, Sequence sequence) =>
        Comparison.DifferenceAsync(() => new InMemoryFixture(), store, sequence).GetAwaiter().GetResult();
}
