using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Commands;

/// <summary><c>why</c>: every reason for which a job does not run.</summary>
internal static class WhyCommand
{
    public static Verb Create()
    {
        var id = JobIds.One("The job.");
        return new Verb("why", "Says why a job does not run.", "steadwork why 42") { id }
            .Does(call => ExplainAsync(call, call.Value(id)));
    }

    private static async Task<int> ExplainAsync(Call call, JobId id)
    {
        await using var store = call.OpenExisting();
        var standing = await store.StandingAsync(id, CancellationToken.None).ConfigureAwait(false) ?? throw Jobs.Unknown(id);
        var reasons = await WaitReason.OfAsync(store, standing, CancellationToken.None).ConfigureAwait(false);
        if (call.Json)
            JsonOutput.Document(json => Write(json, standing.Job, reasons));
        else
            Print(standing.Job, reasons);
        return ExitStatus.Done;
    }

    private static void Write(System.Text.Json.Utf8JsonWriter json, Job job, IReadOnlyList<WaitReason> reasons)
    {
        json.WriteStartObject();
        json.WriteNumber("id", job.Id.Value);
        json.WriteString("state", job.State.Name());
        json.WriteStartArray("reasons");
        foreach (var reason in reasons)
        {
            json.WriteStartObject();
            json.WriteString("code", reason.Code);
            json.WriteString("text", reason.Text);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Print(Job job, IReadOnlyList<WaitReason> reasons)
    {
        foreach (var reason in reasons)
            Console.Out.WriteLine(PlainText.Line(reason.Text));
        if (reasons.Count > 0)
            return;
        Console.Out.WriteLine(job switch
        {
            { State: JobState.Running, StartedAt: { } started } => $"It runs, on worker {job.Worker}, since {Moments.Full(started)}.",
            { State: JobState.Pending or JobState.Waiting } => "Nothing holds it back: the next free slot takes it.",
            { FinishedAt: { } finished } => $"It has {(job.State is JobState.Cancelled ? "been cancelled" : job.State.Name())}: {Moments.Full(finished)}.",
            _ => $"It is {job.State.Name()}.",
        });
    }
}
