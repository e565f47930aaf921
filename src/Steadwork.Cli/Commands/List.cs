using System.CommandLine;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Commands;

/// <summary><c>list</c>: finds jobs, newest first.</summary>
internal static class ListCommand
{
    private const int Usual = 100, Most = 10_000;

    private static readonly JobFilter Filter = new();
    private static readonly Option<int?> Limit = Options.Number("--limit", $"How many at the most. Default: {Usual}; at most {Most}.", 1, Most);

    public static Verb Create() => new Verb("list", "Lists jobs, newest first.", "steadwork list --state failed --queue imports")
    {
        Filter.Options, Limit,
    }.Does(ListAsync);

    private static async Task<int> ListAsync(Call call)
    {
        var query = Filter.Read(call);
        var limit = call.Value(Limit) ?? Usual;
        await using var store = call.OpenExisting();
        await (call.Json ? PrintJsonAsync(store, query, limit) : PrintTableAsync(store, query, limit)).ConfigureAwait(false);
        return ExitStatus.Done;
    }

    private static async Task PrintJsonAsync(IStore store, JobQuery query, int limit)
    {
        using var output = new JsonOutput();
        output.Writer.WriteStartArray();
        await foreach (var job in FindAsync(store, query, limit).ConfigureAwait(false))
        {
            JobJson.Write(output.Writer, job);
            output.FlushIfLong();
        }
        output.Writer.WriteEndArray();
    }

    private static async Task PrintTableAsync(IStore store, JobQuery query, int limit)
    {
        var table = new Table("#ID", "TYPE", "QUEUE", "STATE", "#TRY", "WHEN", "PAYLOAD OR ERROR");
        var count = 0;
        await foreach (var job in FindAsync(store, query, limit + 1).ConfigureAwait(false))
        {
            if (++count <= limit)
                table.Add(job.Id.ToString(), job.Type, job.Queue, Cell.Of(job.State, JobText.State(job)), job.Attempt, JobText.When(job), JobText.Note(job));
        }
        if (count == 0)
        {
            Console.Out.WriteLine("No jobs found.");
            return;
        }
        table.Print();
        if (count > limit)
            Console.Out.WriteLine($"{Environment.NewLine}These are the newest {Numbers.Format(limit)}; there are more. --limit N shows up to {Numbers.Format(Most)}.");
    }

    private static async IAsyncEnumerable<Job> FindAsync(IStore store, JobQuery query, int limit)
    {
        await foreach (var page in store.PagesAsync(query, limit).ConfigureAwait(false))
        {
            foreach (var job in page)
                yield return job;
        }
    }
}
