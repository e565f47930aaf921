using System.CommandLine;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Inputs;

/// <summary>The options that pick jobs.</summary>
internal sealed class JobFilter
{
    private readonly Option<JobState?> state = Inputs.Options.State("--state", "Only jobs in this state: " + string.Join(", ", JobStates.All.Select(state => state.Name())) + ".");
    private readonly Option<string?> queue = Inputs.Options.Text("--queue", "Q", "Only jobs of this queue.");
    private readonly Option<string?> type = Inputs.Options.Text("--type", "T", "Only jobs of this type.");
    private readonly Option<string?> tag = Inputs.Options.Text("--tag", "T", "Only jobs with this tag.");
    private readonly Option<string?> run = Inputs.Options.Text("--run", "RUN", "Only the items of this run.");
    private readonly Option<BatchId?> batch = BatchIds.Option("--batch", "Only jobs of this batch.");
    private readonly Option<string?> text = Inputs.Options.Text("--text", "X", "Only jobs with this text in payload, result or last error.");

    public IReadOnlyList<Option> Options => [state, queue, type, tag, run, batch, text];

    /// <summary>Whether any of them was given.</summary>
    public bool IsGiven(Call call) => Options.Any(call.Has);

    /// <summary>The jobs that they pick.</summary>
    public JobQuery Read(Call call)
    {
        if (call.Has(run) && call.Has(queue))
            throw new Refusal("--run and --queue both say which queue to look in; give one of them.");
        return new JobQuery
        {
            State = call.Value(state),
            Queue = call.Value(run) is { } name ? RunQueue.Of(name) : call.Value(queue),
            Type = call.Value(type),
            Tag = call.Value(tag),
            Batch = call.Value(batch),
            Text = call.Value(text),
        };
    }
}
