using System.Text.Json;
using Steadwork.Cli.Inputs;
using Steadwork.Storage;

namespace Steadwork.Cli.Outputs;

/// <summary>One batch, in JSON and on a page for people.</summary>
internal static class BatchPage
{
    private const int Labels = 12;
    private const int BarWidth = 24;

    /// <summary>Writes it.</summary>
    public static void Write(Utf8JsonWriter json, BatchView batch)
    {
        json.WriteStartObject();
        json.WriteNumber("id", batch.Id.Value);
        json.WriteString("name", batch.Name);
        json.WriteBoolean("open", batch.IsOpen);
        json.WriteTime("createdAt", batch.CreatedAt);
        json.WriteTime("endedAt", batch.EndedAt);
        json.WriteStartObject("counts");
        foreach (var state in JobStates.All)
            json.WriteNumber(state.Name(), batch.Counts[state]);
        json.WriteEndObject();
        json.WriteNumber("total", batch.Total);
        json.WriteNumber("deleted", batch.Deleted);
        json.WriteNumberOrNull("follower", batch.Follower?.Value);
        json.WriteEndObject();
    }

    /// <summary>Prints it.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="follower">The job that follows it; null when there is none, or none any more.</param>
    public static void Print(BatchView batch, Job? follower)
    {
        var (word, colour) = Standing(batch);
        Console.Out.WriteLine($"Batch {batch.Id}{(batch.Name is { } name ? "  " + PlainText.Line(name) : "")}  {Terminal.Paint(word, colour)}");
        Console.Out.WriteLine();
        Fact("made", Moments.Full(batch.CreatedAt));
        if (batch.EndedAt is { } ended)
            Fact("ended", $"{Moments.Full(ended)}, took {Duration.Format(ended - batch.CreatedAt)}");
        Fact("jobs", batch.Deleted == 0 ? Numbers.Format(batch.Total) : $"{Numbers.Format(batch.Total)}, and {Numbers.Format(batch.Deleted)} deleted without having succeeded");
        if (batch.Follower is { } id)
            Fact("follower", follower is null ? $"{id} deleted" : $"{id} {PlainText.Line(follower.Type)}, {JobText.State(follower)}{(follower.CancelReason is { } reason ? ": " + PlainText.Line(reason) : "")}");
        Console.Out.WriteLine();
        Counts(batch).Print();
    }

    /// <summary>How it stands, in a word or a few.</summary>
    public static (string Word, Colour Colour) Standing(BatchView batch) => batch switch
    {
        { IsOpen: true } => ("open", Colour.Yellow),
        { Unfinished: > 0 } => ("running", Colour.Blue),
        { Unsuccessful: > 0 } => ("ended, not all succeeded", Colour.Red),
        _ => ("ended", Colour.Green),
    };

    /// <summary>A line a state, on a terminal with a bar.</summary>
    private static Table Counts(BatchView batch)
    {
        var hasBars = Terminal.Width is not null;
        var table = hasBars ? new Table("STATE", "#JOBS", "SHARE") : new Table("STATE", "#JOBS");
        foreach (var state in JobStates.All)
        {
            var count = batch.Counts[state];
            Cell[] cells = [Cell.Of(state, state.Name()), count];
            table.Add(hasBars ? [.. cells, Cell.Of(state, new string('█', batch.Total == 0 ? 0 : (int)Math.Ceiling((double)BarWidth * count / batch.Total)))] : cells);
        }
        return table;
    }

    private static void Fact(string label, string value) => Console.Out.WriteLine($"  {Terminal.Paint(label.PadRight(Labels), Colour.Faint)}{value}");
}
