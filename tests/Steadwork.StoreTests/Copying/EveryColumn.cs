using Shouldly;

namespace Steadwork.StoreTests.Copying;

/// <summary>A column of a store's database.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Name">Its name.</param>
/// <param name="Default">What a row has there of which nothing is said; null when that is nothing.</param>
internal sealed record Column(string Table, string Name, string? Default);

/// <summary>
/// Holds the databases of a store and of its copy against each other, table by table and column by column, as they are: a
/// table or a column that is added to the schema and forgotten in the copy shows, since it is neither alike nor excused.
/// </summary>
/// <param name="excused">What need not be alike, a table or one of its columns, with the reason.</param>
/// <param name="unfilled">The columns in which nothing can stand while no job runs, with the reason.</param>
internal sealed class EveryColumn(Dictionary<string, string> excused, Dictionary<string, string> unfilled)
{
    /// <param name="columns">All columns of all tables.</param>
    /// <param name="from">The values of some columns of a table in the store, a row a line, in an order that they define.</param>
    /// <param name="to">The same in the copy.</param>
    public void ShouldBeCopied(IReadOnlyList<Column> columns, Func<string, IReadOnlyList<string>, List<string?[]>> from, Func<string, IReadOnlyList<string>, List<string?[]>> to)
    {
        foreach (var name in excused.Keys.Concat(unfilled.Keys))
            columns.Any(column => column.Table == name || $"{column.Table}.{column.Name}" == name).ShouldBeTrue($"{name} is excused, and is not there");

        foreach (var table in columns.GroupBy(column => column.Table).Where(table => !excused.ContainsKey(table.Key)))
        {
            var compared = table.Where(column => !excused.ContainsKey($"{table.Key}.{column.Name}")).ToList();
            if (compared.Count == 0)
                continue;
            string[] names = [.. compared.Select(column => column.Name)];
            var (rows, copies) = (from(table.Key, names), to(table.Key, names));
            for (var index = 0; index < compared.Count; index++)
            {
                var column = compared[index];
                var name = $"{column.Table}.{column.Name}";
                copies.Select(row => row[index]).ShouldBe(rows.Select(row => row[index]), $"{name} is not copied: have a section take it along, or say here why not");
                if (!unfilled.ContainsKey(name))
                    rows.Any(row => row[index] is { } value && value != column.Default).ShouldBeTrue($"nothing stands in {name}, so that nothing is known of its copy: have Copies.FillAsync put something there");
            }
        }
    }
}
