using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Steadwork.Storage;

/// <summary>A schedule's definition as it is stored.</summary>
internal static class ScheduleJson
{
    private const string CronWord = "cron ", EveryWord = "every ";

    /// <summary>The settings of a schedule, by names that stay.</summary>
    internal sealed record Settings(
        string Type, string Queue, int Priority, int MaxAttempts, long? Timeout, string? ExclusiveKey, int ExclusiveLimit, long? ExpiresIn, IReadOnlyList<string> Tags, IReadOnlyList<string> Requires, string Overlap, string Missed, long Grace, int Most);

    public static string Name(this Overlap overlap) => overlap switch { Overlap.Skip => "skip", Overlap.Wait => "wait", _ => "start" };

    public static string Name(this MissedTicks missed) => missed switch { MissedTicks.RunAll => "all", MissedTicks.Skip => "skip", _ => "once" };

    /// <summary>What the log says of one of which something was done, but to define it.</summary>
    public static ReadOnlyMemory<byte> Said(string name, string by) => NamedJson.Write("schedule", name, by);

    /// <summary>What it says of one that was defined.</summary>
    public static ReadOnlyMemory<byte> Said(Schedule defined, string by) => NamedJson.Write("schedule", defined.Name, by, json =>
    {
        json.WriteString("timing", defined.Timing);
        json.WritePropertyName("settings");
        json.WriteRawValue(defined.Settings);
    });

    /// <summary>The row of a definition that comes anew.</summary>
    public static Schedule Write(NewSchedule schedule, ScheduleOwner owner, long revision)
    {
        var (definition, job) = (schedule.Definition, schedule.Definition.Job);
        return new Schedule
        {
            Name = definition.Name,
            Timing = definition.Timing switch
            {
                ScheduleTiming.Cron cron => $"{CronWord}{cron.Zone.Id} {cron.Line}",
                ScheduleTiming.Every every => string.Create(CultureInfo.InvariantCulture, $"{EveryWord}{(long)every.Interval.TotalMilliseconds}"),
                var other => throw new ArgumentException($"There is no timing {other}."),
            },
            Settings = JsonSerializer.Serialize(
                new Settings(job.Type, job.Queue, job.Priority, job.MaxAttempts, (long?)job.Timeout?.TotalMilliseconds, job.ExclusiveKey, job.ExclusiveLimit, (long?)job.ExpiresIn?.TotalMilliseconds, job.Tags, job.Requires,
                    definition.Overlap.Name(), definition.CatchUp.Missed.Name(), (long)definition.CatchUp.Grace.TotalMilliseconds, definition.CatchUp.Most),
                ScheduleJsonContext.Default.Settings),
            Payload = job.Payload.ToArray(),
            Program = owner.Program,
            Version = owner.Version,
            By = owner.By,
            Revision = revision,
            Anchor = Times.Whole(schedule.Anchor),
            Next = Times.Whole(schedule.Next),
        };
    }

    public static ScheduleDefinition Read(Schedule schedule)
    {
        try
        {
            var settings = JsonSerializer.Deserialize(schedule.Settings, ScheduleJsonContext.Default.Settings)!;
            return new ScheduleDefinition
            {
                Name = schedule.Name,
                Timing = ReadTiming(schedule.Timing),
                Overlap = Enum.GetValues<Overlap>().First(overlap => overlap.Name() == settings.Overlap),
                CatchUp = new CatchUpRule
                {
                    Missed = Enum.GetValues<MissedTicks>().First(missed => missed.Name() == settings.Missed), Grace = TimeSpan.FromMilliseconds(settings.Grace), Most = settings.Most,
                },
                Job = new NewJob
                {
                    Type = settings.Type,
                    Payload = schedule.Payload,
                    Queue = settings.Queue,
                    Priority = settings.Priority,
                    MaxAttempts = settings.MaxAttempts,
                    Timeout = settings.Timeout is { } timeout ? TimeSpan.FromMilliseconds(timeout) : null,
                    ExclusiveKey = settings.ExclusiveKey,
                    ExclusiveLimit = settings.ExclusiveLimit,
                    ExpiresIn = settings.ExpiresIn is { } expiry ? TimeSpan.FromMilliseconds(expiry) : null,
                    Tags = settings.Tags,
                    Requires = settings.Requires,
                },
            };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new FormatException($"The schedule '{schedule.Name}' is defined in a way that this program does not know: {error.Message}", error);
        }
    }

    private static ScheduleTiming ReadTiming(string text)
    {
        if (text.StartsWith(EveryWord, StringComparison.Ordinal) && long.TryParse(text[EveryWord.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
            return new ScheduleTiming.Every(TimeSpan.FromMilliseconds(milliseconds));
        if (text.StartsWith(CronWord, StringComparison.Ordinal) && text[CronWord.Length..].Split(' ', 2) is [var zone, var line])
            return new ScheduleTiming.Cron(CronLine.Parse(line), TimeZoneName.Find(zone));
        throw new FormatException($"'{text}' is no timing that this program knows.");
    }
}

[JsonSerializable(typeof(ScheduleJson.Settings))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class ScheduleJsonContext : JsonSerializerContext;
