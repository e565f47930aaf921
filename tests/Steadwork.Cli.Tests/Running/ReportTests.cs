using System.Text.Json;
using System.Text.RegularExpressions;
using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

/// <summary>What a run tells of itself.</summary>
public abstract partial class ReportTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    /// <summary>Fails for items that begin with b, in the way of their second letter.</summary>
    private static readonly string[] Mixed = ["--", "sh", "-c", "case $1 in b1) echo oh >&2; exit 4;; b2) kill -KILL $$;; b*) exit 1;; esac; echo $1", "sh"];

    private readonly Workshop workshop = Workshop.On<TStore>();

    public void Dispose() => workshop.Dispose();

    private void ShouldBeApproved(string name, string text) => Approved.Text(name, Durations().Replace(text, "<duration>"), workshop.Folder);

    [Fact]
    public async Task The_report_for_people()
    {
        var ended = await workshop.RunAsync("a\nb1\nb2\na\nc\n", ["--name", "letters", "--workers", "1", "--attempts", "1", .. Mixed]);
        ended.Status.ShouldBe(1);
        var resumed = await workshop.RunAsync("d\nc\na\nb2\nb1\n", ["--name", "letters", "--workers", "1", .. Mixed]);
        resumed.Status.ShouldBe(1);
        ShouldBeApproved("run-report", $"{ended.Output}{ended.Error}\n{resumed.Output}{resumed.Error}");
    }

    [Fact]
    public async Task The_report_names_only_the_first_of_many_failures()
    {
        var list = string.Concat(Enumerable.Range(1, 25).Select(number => $"b {number}\n"));
        var ended = await workshop.RunAsync(list, "--name", "many", "--attempts", "1", "--", "false");
        ended.Error.ShouldContain("failed                  25\n");
        Regex.Count(ended.Error, @"^  b \d+: ", RegexOptions.Multiline).ShouldBe(20);
        ended.Error.ShouldContain("\n  b 1: ");
        ended.Error.ShouldContain("\n  b 20: ");
        ended.Error.ShouldContain("\n  and 5 more: steadwork list --run many --state failed\n");
        (await workshop.Folder.JsonAsync("list", "--run", "many", "--state", "failed")).GetArrayLength().ShouldBe(25);
    }

    [Fact]
    public async Task An_item_cannot_act_on_the_terminal_of_the_report()
    {
        var ended = await workshop.RunAsync($"a\u001b[2J{new string('x', 100)}\n", "--attempts", "1", "--", "sh", "-c", "printf '\\033]0;title\\007\\n' >&2; exit 1", "sh", "{#}");
        var report = ended.Error[ended.Error.IndexOf("run sh-", StringComparison.Ordinal)..];
        report.ShouldNotContain('\u001b');
        report.ShouldContain("  a\\u001b[2Jxxx");
        report.ShouldContain("xxx…: The program ended with exit status 1. \\u001b]0;title\\u0007 (job 1, 1 attempt)");
    }

    [Fact]
    public async Task The_events_for_programs()
    {
        var ended = await workshop.RunAsync("a\nb1\na\n", ["--json", "--name", "letters", "--workers", "1", "--attempts", "1", .. Mixed]);
        ended.Status.ShouldBe(1);
        ended.Error.ShouldBeEmpty();
        var events = ended.Lines.Select(line => JsonDocument.Parse(line).RootElement).Where(line => line.GetProperty("event").GetString() != "progress");
        var text = string.Concat(events.Select(line => JsonSerializer.Serialize(line, new JsonSerializerOptions { WriteIndented = true }) + "\n"));
        ShouldBeApproved("run-json", Worker().Replace(text, "$1<worker>"));
    }

    [Fact]
    public async Task Progress_for_programs_comes_every_second()
    {
        using var run = workshop.StartRun("a\nb\n", ["--json", "--workers", "1", .. Workshop.Gated]);
        (await run.NextLineAsync()).ShouldStartWith("""{"event":"started",""");
        using var a = await workshop.Begun.NextBeginningAsync();
        string line;
        do
            line = await run.NextLineAsync();
        while (!line.Contains("\"running\":1"));
        line.ShouldBe("""{"event":"progress","items":2,"succeeded":0,"failed":0,"remaining":2,"running":1}""");
        run.Send(RunningCommand.Interrupt);
        do
            line = await run.NextLineAsync();
        while (line.StartsWith("{\"event\":\"progress\"", StringComparison.Ordinal));
        line.ShouldBe("""{"event":"draining","reason":"interrupted"}""");
        workshop.Gate.LetThrough(1);
        var ended = await run.EndAsync();
        ended.Status.ShouldBe(130);
        ended.Lines[^1].ShouldBe("""{"event":"finished","items":2,"succeeded":1,"failed":0,"remaining":1,"duplicates":0,"alreadyDone":0}""");
    }

    [Fact]
    public async Task Progress_off_a_terminal_is_a_plain_line_as_often_as_the_environment_says()
    {
        using var run = workshop.Start("env", "a\nb\n", ["STEADWORK_PROGRESS=500ms", SteadworkProcess.ProgramPath, "run", "--workers", "1", .. Workshop.Gated]);
        using var a = await workshop.Begun.NextBeginningAsync();
        string line;
        do
            line = await run.NextErrorAsync("");
        while (!line.Contains(" 1 running"));
        line.ShouldMatch(@"^[\d.]+m?s:   0%  0 of 2 done, 0 failed, 1 running, 0/s$");
        workshop.Gate.LetThrough(2);
        var ended = await run.EndAsync();
        ended.Status.ShouldBe(0);
        ended.Error.ShouldNotContain('\r');
        ended.Error.ShouldNotContain('\u001b');
    }

    [Fact]
    public async Task Progress_on_a_terminal_is_a_bar_that_leaves_nothing_behind()
    {
        // script(1) gives it a terminal.
        using var terminal = workshop.Start("script", null, "-qec", "stty cols 100; printf 'a\\nb\\n' | TERM=xterm \"$STEADWORK\" run --workers 1 -- sh -c 'test $1 = a || read -r line < gate; printf $1' sh", "typescript");
        string line;
        do
            line = await terminal.NextLineAsync();
        while (!line.Contains(": 2 items, 1 worker"));
        // The bar has no line of its own before the end: what is drawn can be seen in the typescript only then.
        workshop.Gate.LetThrough(1);
        var ended = await terminal.EndAsync();
        ended.Status.ShouldBe(0);
        // The first two switch the keypad, which .NET does with any terminal.
        var screen = LastOverdrawn().Replace(ended.Output.Replace("\r\n", "\n").Replace("\e[?1h", "").Replace("\e=", ""), "");
        // Where the bar came between the two, it stood on a line of its own.
        screen.ShouldMatch("\na\n?b\nrun sh-", ended.Output);
        screen.ShouldContain("succeeded                2");
        screen.ShouldNotContain('█');
        screen.ShouldNotContain('░');
    }

    [GeneratedRegex(@"\b\d+(\.\d+)?m?s\b")]
    private static partial Regex Durations();

    [GeneratedRegex("""("worker": )\d+""")]
    private static partial Regex Worker();

    /// <summary>What stood on a line before the line was cleared.</summary>
    [GeneratedRegex(@"[^\n]*\r\x1b\[K")]
    private static partial Regex LastOverdrawn();
}
