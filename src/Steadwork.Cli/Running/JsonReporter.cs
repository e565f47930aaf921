using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using Steadwork.Cli.Outputs;

namespace Steadwork.Cli.Running;

/// <summary>For programs: one JSON object a line on standard output, the last of them with the event <c>finished</c>.</summary>
internal sealed class JsonReporter(ProgramOutputs outputs, JobLogFile? jobLog) : IRunReporter
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);
    private readonly OutputStream stdout = new();
    private readonly ArrayBufferWriter<byte> line = new();
    private long lastProgress = Stopwatch.GetTimestamp();

    public bool Prints => jobLog is not null;

    public bool OutputClosed => stdout.IsClosed;

    public void Started(RunPlan plan, RunTally tally, long duplicates) => Line("started", json =>
    {
        json.WriteString("run", plan.Name);
        json.WriteNumber("items", tally.Items);
        json.WriteNumber("duplicates", duplicates);
        json.WriteNumber("alreadyDone", tally.AlreadyDone);
        json.WriteNumber("workers", plan.Workers);
    });

    public void Ended(Job job, long place)
    {
        if (jobLog is not null)
        {
            jobLog.Write(job, place, ProgramText.Of(job, outputs));
            outputs.Forget(job.Id);
        }
        Line("item", json =>
        {
            json.WriteNumber("place", place);
            json.WritePropertyName("job");
            JobJson.Write(json, job);
        });
    }

    public void Progress(RunTally tally, long running)
    {
        jobLog?.Flush();
        stdout.Flush();
        if (Stopwatch.GetElapsedTime(lastProgress) < ProgressInterval)
            return;
        lastProgress = Stopwatch.GetTimestamp();
        Line("progress", json =>
        {
            json.WriteNumber("items", tally.Items);
            json.WriteNumber("succeeded", tally.Succeeded);
            json.WriteNumber("failed", tally.Failed);
            json.WriteNumber("remaining", tally.Remaining);
            json.WriteNumber("running", running);
        });
    }

    public void Draining(string why)
    {
        Line("draining", json => json.WriteString("reason", why));
        stdout.Flush();
    }

    public void Finished(RunSummary summary)
    {
        Line("finished", json =>
        {
            json.WriteNumber("items", summary.Tally.Items);
            json.WriteNumber("succeeded", summary.Tally.Succeeded);
            json.WriteNumber("failed", summary.Tally.Failed);
            json.WriteNumber("remaining", summary.Tally.Remaining);
            json.WriteNumber("duplicates", summary.Duplicates);
            json.WriteNumber("alreadyDone", summary.Tally.AlreadyDone);
        });
        stdout.Flush();
    }

    private void Line(string name, Action<Utf8JsonWriter> write)
    {
        line.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(line, new JsonWriterOptions { Encoder = ReadableJson.Encoder, MaxDepth = 1000 }))
        {
            json.WriteStartObject();
            json.WriteString("event", name);
            write(json);
            json.WriteEndObject();
        }
        line.Write("\n"u8);
        stdout.Write(line.WrittenSpan);
    }

    public void Dispose()
    {
        stdout.Flush();
        jobLog?.Dispose();
    }
}
