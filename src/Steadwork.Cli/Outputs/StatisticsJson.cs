using System.Text.Json;
using Steadwork.Storage;

namespace Steadwork.Cli.Outputs;

/// <summary>A store's numbers in JSON: the shape that others rely on.</summary>
internal static class StatisticsJson
{
    public static void Write(Utf8JsonWriter json, StoreStatistics statistics)
    {
        json.WriteStartObject();
        json.WriteStartObject("states");
        WriteCounts(json, Sums.Total(statistics));
        json.WriteEndObject();
        json.WritePropertyName("queues");
        WriteQueues(json, statistics);
        json.WritePropertyName("types");
        WriteAll(json, statistics, PauseScope.Type, Sums.Types(statistics));
        json.WritePropertyName("workers");
        WriteWorkers(json, statistics.Workers);
        json.WriteEndObject();
    }

    /// <summary>The queues, those as well that are paused and have never had a job.</summary>
    public static void WriteQueues(Utf8JsonWriter json, StoreStatistics statistics) => WriteAll(json, statistics, PauseScope.Queue, Sums.Queues(statistics));

    private static void WriteAll(Utf8JsonWriter json, StoreStatistics statistics, PauseScope scope, IEnumerable<(string Name, StateCounts Counts)> sums)
    {
        json.WriteStartArray();
        foreach (var (name, counts) in sums)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteBoolean("paused", statistics.PauseOf(scope, name) is not null);
            WriteCounts(json, counts);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    public static void WriteWorkers(Utf8JsonWriter json, IEnumerable<WorkerView> workers)
    {
        json.WriteStartArray();
        foreach (var worker in workers)
        {
            json.WriteStartObject();
            json.WriteNumber("id", worker.Id.Value);
            json.WriteString("name", worker.Name);
            json.WriteString("host", worker.Host);
            json.WriteNumber("processId", worker.ProcessId);
            json.WriteTexts("queues", worker.Queues);
            json.WriteTexts("types", worker.Types);
            json.WriteTexts("tags", worker.Tags);
            json.WriteString("order", worker.Rule.Order.Name());
            json.WriteTime("startedAt", worker.StartedAt);
            json.WriteNumber("running", worker.Running);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteCounts(Utf8JsonWriter json, StateCounts counts)
    {
        foreach (var state in JobStates.All)
            json.WriteNumber(state.Name(), counts[state]);
    }
}
