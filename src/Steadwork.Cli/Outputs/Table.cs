using Spectre.Console;

namespace Steadwork.Cli.Outputs;

/// <summary>One cell of a table for people.</summary>
/// <param name="Text">What it says; control characters are made visible.</param>
/// <param name="Colour">How it stands out on a terminal.</param>
internal readonly record struct Cell(string Text, Colour Colour = Colour.None)
{
    public static implicit operator Cell(string text) => new(text);

    public static implicit operator Cell(long number) => new(Numbers.Format(number));

    /// <summary>The state of a job in its colour.</summary>
    public static Cell Of(JobState state, string text) => new(text, state switch
    {
        JobState.Running => Colour.Blue,
        JobState.Succeeded => Colour.Green,
        JobState.Failed => Colour.Red,
        JobState.Cancelled => Colour.Yellow,
        _ => Colour.None,
    });
}

/// <summary>The few colours that the program uses.</summary>
internal enum Colour
{
    None,
    Faint,
    Blue,
    Green,
    Yellow,
    Red,
}

/// <summary>
/// A table for people. On a terminal it fits: long cells are cut, and the last column takes what is left.
/// Anywhere else every cell is whole.
/// </summary>
/// <param name="columns">The headings; one that begins with <c>#</c> is aligned to the right.</param>
internal sealed class Table(params string[] columns)
{
    private const int LongestInside = 24, ShortestInside = 12, ReadableLast = 24;
    private const string Gap = "  ";

    private readonly List<Cell[]> rows = [];

    /// <summary>Adds a row, with a cell for each column.</summary>
    public void Add(params Cell[] cells) => rows.Add([.. cells.Select(cell => cell with { Text = PlainText.Line(cell.Text) })]);

    /// <summary>How wide the first column must be to show all that it holds.</summary>
    public int FirstWidth => rows.Select(row => row[0].Text).Append(columns[0]).Max(text => text.GetCellWidth());

    /// <summary>Prints the table.</summary>
    /// <param name="leastFirst">The least width of the first column: tables that stand below each other line up.</param>
    public void Print(int leastFirst = 0)
    {
        var headings = columns.Select(column => new Cell(column.TrimStart('#'), Colour.Faint)).ToArray();
        var widths = headings.Select((heading, column) => rows.Select(row => row[column]).Append(heading).Max(cell => cell.Text.GetCellWidth())).ToArray();
        widths[0] = Math.Max(widths[0], leastFirst);
        if (Terminal.Width is { } terminal)
            Narrow(widths, headings, terminal - Gap.Length * (widths.Length - 1));
        foreach (var row in rows.Prepend(headings))
            Console.Out.WriteLine(string.Join(Gap, row.Select((cell, column) => Fit(cell, widths[column], columns[column][0] == '#'))).TrimEnd());
    }

    /// <summary>Makes the columns fit: the last one keeps a readable width at the cost of the others, whichever of them is widest.</summary>
    private static void Narrow(int[] widths, Cell[] headings, int room)
    {
        for (var column = 0; column < widths.Length - 1; column++)
            widths[column] = Math.Min(widths[column], LongestInside);
        var last = Math.Min(widths[^1], ReadableLast);
        while (widths[..^1].Sum() > room - last)
        {
            var widest = Enumerable.Range(0, widths.Length - 1).MaxBy(column => widths[column]);
            if (widths[widest] <= Math.Max(ShortestInside, headings[widest].Text.Length))
                break;
            widths[widest]--;
        }
        widths[^1] = Math.Min(widths[^1], Math.Max(room - widths[..^1].Sum(), headings[^1].Text.Length));
    }

    private static string Fit(Cell cell, int width, bool right)
    {
        var text = Terminal.Cut(cell.Text, width);
        var padding = new string(' ', width - text.GetCellWidth());
        var coloured = Terminal.Paint(text, cell.Colour);
        return right ? padding + coloured : coloured + padding;
    }
}
