using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Commands;

/// <summary>What <c>cancel</c>, <c>retry</c> and <c>delete</c> share: a request for each id, an answer for each, and the worst of them as the status.</summary>
internal static class Requests
{
    /// <summary>A verb that asks the same of one or more jobs.</summary>
    /// <param name="name">The verb.</param>
    /// <param name="summary">What it does, for the help.</param>
    /// <param name="request">What it asks.</param>
    /// <param name="done">What has then become of the job, such as <c>is cancelled</c>.</param>
    /// <param name="refused">Why a job may refuse, such as <c>it has ended already</c>.</param>
    public static Verb Verb(string name, string summary, JobRequest request, string done, string refused)
    {
        var ids = JobIds.Any("The jobs; or give options that pick them.");
        var filter = new JobFilter();
        return new Verb(name, summary, $"steadwork {name} 42 43", $"steadwork {name} --queue imports --type import-note") { ids, filter.Options }
            .Does(call => (call.Value(ids)!, filter.IsGiven(call)) switch
            {
                ({ Length: > 0 }, true) => throw new Refusal($"Jobs are named by their ids or picked by options, not both."),
                ([], false) => throw new Refusal($"Which jobs? Give their ids, or options that pick them, such as --queue; see 'steadwork {name} --help'."),
                ([], true) => AskManyAsync(call, filter.Read(call), request, name, done, refused),
                (var some, _) => AskAsync(call, some, request, name, done, refused),
            });
    }

    private readonly record struct Answer(JobId Id, RequestAnswer Result, JobState? State);

    private static async Task<int> AskAsync(Call call, IReadOnlyList<JobId> ids, JobRequest request, string verb, string done, string refused)
    {
        await using var store = call.OpenExisting();
        var results = await store.RequestAsync(ids, request, By(verb), CancellationToken.None).ConfigureAwait(false);
        var states = (await store.FindAsync(new JobQuery { Ids = ids }, CancellationToken.None).ConfigureAwait(false)).ToDictionary(job => job.Id, job => job.State);
        var answers = ids.Zip(results, (id, result) => new Answer(id, result, states.TryGetValue(id, out var state) ? state : null)).ToList();
        if (call.Json)
            PrintJson(answers);
        foreach (var answer in answers)
        {
            if (Complaint(answer, verb, refused) is { } complaint)
                Failures.Say(complaint);
            else if (!call.Json)
                Console.Out.WriteLine(answer.Result is RequestAnswer.Signalled ? $"Job {answer.Id} is running; it has been told to stop." : $"Job {answer.Id} {done}.");
        }
        // 2 says that nothing was changed.
        var carriedOut = answers.Count(answer => answer.Result is RequestAnswer.Done or RequestAnswer.Signalled);
        return carriedOut == answers.Count ? ExitStatus.Done : carriedOut > 0 ? ExitStatus.WorkFailed : ExitStatus.Refused;
    }

    private static async Task<int> AskManyAsync(Call call, JobQuery which, JobRequest request, string verb, string done, string refused)
    {
        await using var store = call.OpenExisting();
        var counts = await store.RequestManyAsync(request, which, By(verb), CancellationToken.None).ConfigureAwait(false);
        if (call.Json)
        {
            JsonOutput.Document(json =>
            {
                json.WriteStartObject();
                json.WriteNumber("done", counts.Done);
                json.WriteNumber("signalled", counts.Signalled);
                json.WriteNumber("refused", counts.Refused);
                json.WriteEndObject();
            });
        }
        else
        {
            foreach (var line in Lines(counts, done))
                Console.Out.WriteLine(line);
        }
        if (counts.Refused > 0)
            Failures.Say($"{Numbers.Count(counts.Refused, "job")} would not: {refused}, and none whose unique key another unfinished one bears.");
        return counts.Refused == 0 ? ExitStatus.Done : counts.Done + counts.Signalled > 0 ? ExitStatus.WorkFailed : ExitStatus.Refused;
    }

    private static IEnumerable<string> Lines(RequestCounts counts, string done)
    {
        if (counts == default)
            yield return "No jobs found.";
        if (counts.Done > 0)
            yield return $"{Numbers.Count(counts.Done, "job")} {(counts.Done == 1 ? done : Plural(done))}.";
        if (counts.Signalled > 0)
            yield return $"{Numbers.Count(counts.Signalled, "job")} {(counts.Signalled == 1 ? "is running; it has" : "are running; they have")} been told to stop.";
    }

    private static string Plural(string done) => done.StartsWith("is ", StringComparison.Ordinal) ? "are " + done["is ".Length..] : done;

    private static string By(string verb) => $"{verb} on the command line by {Environment.UserName}";

    private static string? Complaint(Answer answer, string verb, string refused) => answer.Result switch
    {
        RequestAnswer.Refused when answer.State is { } state => $"Job {answer.Id} is {state.Name()}; {refused}.",
        RequestAnswer.Refused or RequestAnswer.NotFound => $"There is no job {answer.Id}.",
        RequestAnswer.KeyTaken => $"Job {answer.Id} cannot {verb}: another unfinished job now bears its unique key.",
        _ => null,
    };

    private static void PrintJson(IEnumerable<Answer> answers) => JsonOutput.Document(json =>
    {
        json.WriteStartArray();
        foreach (var answer in answers)
        {
            json.WriteStartObject();
            json.WriteNumber("id", answer.Id.Value);
            json.WriteString("result", answer.Result switch
            {
                RequestAnswer.Done => "done",
                RequestAnswer.Signalled => "signalled",
                RequestAnswer.Refused => "refused",
                RequestAnswer.NotFound => "not_found",
                _ => "key_taken",
            });
            json.WriteString("state", answer.State?.Name());
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });
}
