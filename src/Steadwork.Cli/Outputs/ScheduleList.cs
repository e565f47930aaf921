using System.Text.Json;
using Steadwork.Cli.Inputs;
using Steadwork.Storage;

namespace Steadwork.Cli.Outputs;

/// <summary>The schedules of a store.</summary>
internal static class ScheduleList
{
    /// <summary>Prints them for people.</summary>
    public static void Print(IReadOnlyList<Schedule> schedules, StoreStatistics statistics)
    {
        if (schedules.Count == 0)
        {
            Console.Out.WriteLine("There are no schedules.");
            return;
        }
        var table = new Table("SCHEDULE", "WHEN", "ZONE", "NEXT", "LAST", "#LAST JOB", "TYPE", "DEFINED BY");
        foreach (var schedule in schedules)
        {
            var paused = statistics.PauseOf(PauseScope.Schedule, schedule.Name) is not null;
            var definition = TryRead(schedule);
            table.Add(
                schedule.Name, When(schedule, definition), Zone(definition),
                paused ? new Cell("paused", Colour.Yellow) : schedule.Next is { } next ? Moments.Relative(next) : new Cell("never", Colour.Yellow),
                schedule.LastTick is { } last ? Moments.Relative(last) : "", schedule.LastJob?.ToString() ?? "",
                definition?.Job.Type ?? "", schedule.By);
        }
        table.Print();
    }

    /// <summary>Writes them as an array.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<Schedule> schedules, StoreStatistics statistics)
    {
        json.WriteStartArray();
        foreach (var schedule in schedules)
            Write(json, schedule, statistics.PauseOf(PauseScope.Schedule, schedule.Name));
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, Schedule schedule, Pause? pause)
    {
        var definition = TryRead(schedule);
        json.WriteStartObject();
        json.WriteString("name", schedule.Name);
        json.WriteString("cron", (definition?.Timing as ScheduleTiming.Cron)?.Line.Text);
        json.WriteString("timeZone", (definition?.Timing as ScheduleTiming.Cron)?.Zone.Id);
        json.WriteString("every", (definition?.Timing as ScheduleTiming.Every)?.Interval is { } interval ? Duration.Format(interval) : null);
        json.WriteString("type", definition?.Job.Type);
        json.WriteString("queue", definition?.Job.Queue);
        json.WriteNumberOrNull("priority", definition?.Job.Priority);
        json.WriteString("overlap", definition?.Overlap.Name());
        json.WriteString("missed", definition?.CatchUp.Missed.Name());
        json.WriteString("grace", definition is null ? null : Duration.Format(definition.CatchUp.Grace));
        json.WriteString("expiresIn", definition?.Job.ExpiresIn is { } expiry ? Duration.Format(expiry) : null);
        json.WriteEmbedded("payload", schedule.Payload);
        json.WriteBoolean("paused", pause is not null);
        json.WriteTime("next", schedule.Next);
        json.WriteTime("lastTick", schedule.LastTick);
        json.WriteNumberOrNull("lastJob", schedule.LastJob?.Value);
        json.WriteString("program", schedule.Program);
        json.WriteString("by", schedule.By);
        json.WriteEndObject();
    }

    private static string When(Schedule schedule, ScheduleDefinition? definition) => definition?.Timing switch
    {
        ScheduleTiming.Cron cron => cron.Line.Text,
        ScheduleTiming.Every every => "every " + Duration.Format(every.Interval),
        _ => schedule.Timing,
    };

    private static string Zone(ScheduleDefinition? definition) => (definition?.Timing as ScheduleTiming.Cron)?.Zone.Id ?? "";

    /// <summary>What it is; null when it is of a newer program or a zone that this machine does not know.</summary>
    private static ScheduleDefinition? TryRead(Schedule schedule)
    {
        try
        {
            return schedule.Read();
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
