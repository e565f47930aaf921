using System.CommandLine;
using System.Text.Json;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Commands;

/// <summary><c>breakers</c>: whether the jobs that depend on something outside are let through.</summary>
internal static class BreakersCommand
{
    private static readonly Argument<string> Name = new("NAME") { HelpName = "NAME", Description = "The breaker." };

    public static Verb Create() => new("breakers", "Shows, opens and closes circuit breakers.", "steadwork breakers list", "steadwork breakers open smtp")
    {
        new Verb("list", "Lists the breakers of all workers that have ever started, and where they stand.", "steadwork breakers list").Does(ListAsync),
        new Verb("open", "Lets none of the jobs that depend on it begin until it is closed, on any worker; those that run go on.", "steadwork breakers open smtp") { Name }.Does(call => SwitchAsync(call, open: true)),
        new Verb("close", "Lets the jobs that depend on it begin again, whoever has opened it.", "steadwork breakers close smtp") { Name }.Does(call => SwitchAsync(call, open: false)),
    };

    private static Task<int> ListAsync(Call call) => Answer.ShowAsync(call, store => store.BreakersAsync(CancellationToken.None), Write, Print);

    private static async Task<int> SwitchAsync(Call call, bool open)
    {
        var name = call.Value(Name)!;
        await using var store = call.OpenExisting();
        var before = (await store.BreakersAsync(CancellationToken.None).ConfigureAwait(false)).FirstOrDefault(breaker => breaker.Definition.Name == name)
            ?? throw new Refusal($"There is no breaker '{name}'; steadwork breakers list shows those that there are.");
        await store.SwitchBreakerAsync(name, open, ChangeOutput.By, CancellationToken.None).ConfigureAwait(false);
        var changed = !before.Circuit.Stands(open);
        ChangeOutput.Print(call, "breaker", "breaker", name, changed, (changed, open) switch { (true, true) => "is open until it is closed", (true, false) => "is closed", (false, true) => "was open already", _ => "was closed already" });
        return ExitStatus.Done;
    }

    private static void Print(IReadOnlyList<BreakerView> breakers)
    {
        if (breakers.Count == 0)
        {
            Console.Out.WriteLine("There are no breakers.");
            return;
        }
        var table = new Table("BREAKER", "STATE", "SINCE", "UNTIL", "#CALLS", "#FAILED", "JOB TYPES");
        foreach (var breaker in breakers)
        {
            var (state, colour) = breaker.Circuit.State switch { BreakerState.Closed => ("closed", Colour.Green), BreakerState.Open => ("open", Colour.Red), _ => ("half-open", Colour.Yellow) };
            var closed = breaker.Circuit.State is BreakerState.Closed;
            table.Add(
                breaker.Definition.Name, new Cell(state, colour), Moments.Relative(breaker.Circuit.Since), breaker.Circuit.Until is { } until ? Moments.Relative(until) : closed ? "" : "closed by hand",
                closed ? Numbers.Format(breaker.Window.All) : "", closed ? Numbers.Format(breaker.Window.Failed) : "", string.Join(", ", breaker.Types));
        }
        table.Print();
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<BreakerView> breakers)
    {
        json.WriteStartArray();
        foreach (var breaker in breakers)
        {
            json.WriteStartObject();
            json.WriteString("name", breaker.Definition.Name);
            json.WriteString("state", breaker.Circuit.State.Name());
            json.WriteTime("since", breaker.Circuit.Since);
            json.WriteTime("until", breaker.Circuit.Until);
            json.WriteNumber("calls", breaker.Window.All);
            json.WriteNumber("failed", breaker.Window.Failed);
            json.WriteNumber("failureRatio", breaker.Definition.FailureRatio);
            json.WriteString("window", Duration.Format(breaker.Definition.Window));
            json.WriteNumber("minimumCalls", breaker.Definition.MinimumCalls);
            json.WriteString("breakTime", Duration.Format(breaker.Definition.BreakTime));
            json.WriteNumber("probes", breaker.Definition.Probes);
            json.WriteStartArray("types");
            foreach (var type in breaker.Types)
                json.WriteStringValue(type);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
