using System.Text;
using System.Text.Json;
using Shouldly;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Xunit;

namespace Steadwork.Cli.Tests;

public sealed class OutputTests
{
    [Theory]
    [InlineData("plain größer 漢字 😀", "plain größer 漢字 😀")]
    [InlineData("a\nb\r\tc", "a\\nb\\r\\tc")]
    [InlineData("\e]0;title\a", "\\u001b]0;title\\u0007")]
    [InlineData("\u009b2J\u007f\u202e\u2028", "\\u009b2J\\u007f\\u202e\\u2028")]
    public void A_line_shows_what_would_act_on_a_terminal(string text, string shown) => PlainText.Line(text).ShouldBe(shown);

    [Fact]
    public void Lines_keep_their_breaks_and_tabs() => PlainText.Lines("a\r\n\tb\e[0m").ShouldBe("a\n\tb\\u001b[0m");

    [Theory]
    [InlineData("abc", 3, "abc")]
    [InlineData("abcd", 3, "abc…")]
    [InlineData("ab😀", 3, "ab…")]
    public void A_cut_leaves_no_half_character(string text, int length, string shown) => PlainText.Cut(text, length).ShouldBe(shown);

    [Theory]
    [InlineData("abcdef", 6, "abcdef")]
    [InlineData("abcdef", 5, "abcd…")]
    [InlineData("漢字漢字", 6, "漢字…")]
    [InlineData("漢字漢字", 8, "漢字漢字")]
    public void A_cell_is_cut_by_the_columns_that_it_takes(string text, int width, string shown) => Terminal.Cut(text, width).ShouldBe(shown);

    [Theory]
    [InlineData("größer 漢字 😀 <&>'+", "größer 漢字 😀 <&>'+")]
    [InlineData("\"\\/", "\\\"\\\\/")]
    [InlineData("\n\e\u202e", "\\n\\u001B\\u202e")]
    public void Json_stays_readable(string text, string written) => Written(text).ShouldBe($"\"{written}\"");

    [Fact]
    public void Half_a_character_becomes_the_replacement_character() => Written("a\ud800b").ShouldBe("\"a\ufffdb\"");

    private static string Written(string text)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = ReadableJson.Encoder }))
            json.WriteStringValue(text);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    [Theory]
    [InlineData(null, 10)]
    [InlineData("", 10)]
    [InlineData("2m", 120)]
    public async Task What_takes_long_tells_every_ten_seconds_how_far_it_has_come_unless_the_environment_says_otherwise(string? variable, int seconds)
    {
        (await IntervalAsync(variable, onTerminal: false)).ShouldBe(TimeSpan.FromSeconds(seconds));
        (await IntervalAsync(variable, onTerminal: true)).ShouldBeLessThan(TimeSpan.FromSeconds(1), "the line is drawn over");
    }

    [Fact]
    public async Task An_interval_that_is_none_is_refused() =>
        (await Should.ThrowAsync<Refusal>(() => IntervalAsync("often", onTerminal: false))).Message.ShouldBe("$STEADWORK_PROGRESS: 'often' is not a duration; write it like 250ms, 30s, 5m, 2h, 7d or 1h30m.");

    // What an asynchronous method is surrounded by stays its own.
    private static async Task<TimeSpan> IntervalAsync(string? variable, bool onTerminal)
    {
        await Task.Yield();
        Surroundings.Current = new Surroundings { ErrorIsTerminal = onTerminal, Variable = name => name == Pace.Variable ? variable : name == "TERM" ? "xterm" : null };
        return Pace.Interval();
    }

    [Theory]
    [InlineData("{\"a\": [1.0, 1e400, \"\\u0041\"]}", "{\"a\":[1.0,1e400,\"A\"]}")]
    [InlineData("\"\\ud800\"", null)]
    [InlineData("oops", null)]
    public void Stored_json_is_embedded_when_it_can_be_read(string stored, string? printed) =>
        JsonOutput.Text(Encoding.UTF8.GetBytes(stored), indented: false).ShouldBe(printed);
}
