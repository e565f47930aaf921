using System.Text;
using Shouldly;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

/// <summary>Mistakes are refused before anything is loaded: with 2, one line that says what is wrong, and no store.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly Workshop workshop = new();

    public void Dispose() => workshop.Dispose();

    private async Task ShouldBeRefusedAsync(byte[] list, string complaint, params string[] arguments)
    {
        var ended = await workshop.RunAsync(list, arguments);
        ended.Status.ShouldBe(2, ended.Error);
        ended.Output.ShouldBeEmpty();
        ended.Complaint.ShouldBe(complaint.Replace("<folder>", workshop.Folder.Path));
        File.Exists(workshop.Folder.File("steadwork.db")).ShouldBeFalse();
        workshop.Leftovers.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("-- PROGRAM ARG is missing. See 'steadwork run --help'.")]
    [InlineData("-- PROGRAM ARG is missing. See 'steadwork run --help'.", "--name", "x", "--")]
    [InlineData("There is no program 'no-such-program' that could be run; give its path, or check $PATH. Nothing was loaded.", "--", "no-such-program", "{}")]
    [InlineData("There is no program './begun' that could be run; give its path, or check $PATH. Nothing was loaded.", "--", "./begun")]
    [InlineData("There is no program '/' that could be run; give its path, or check $PATH. Nothing was loaded.", "--", "/")]
    [InlineData("There is no program '' that could be run; give its path, or check $PATH. Nothing was loaded.", "--", "")]
    [InlineData("--null and --jsonl are two forms of a list; give one of them.", "--null", "--jsonl", "--", "true")]
    [InlineData("--halt: '3' is not a condition; write it like fail=1 or fail=10.", "--halt", "3", "--", "true")]
    [InlineData("--halt: 'fail=0' is not a condition; write it like fail=1 or fail=10.", "--halt", "fail=0", "--", "true")]
    [InlineData("--halt: 'fail=+1' is not a condition; write it like fail=1 or fail=10.", "--halt", "fail=+1", "--", "true")]
    [InlineData("--workers: '0' is not a whole number from 1 to 1000. See 'steadwork run --help'.", "--workers", "0", "--", "true")]
    [InlineData("--attempts: 'x' is not a whole number from 1 to 1000. See 'steadwork run --help'.", "--attempts", "x", "--", "true")]
    [InlineData("--timeout must be longer than zero.", "--timeout", "0", "--", "true")]
    [InlineData("--timeout: '5' is not a duration; write it like 250ms, 30s, 5m, 2h, 7d or 1h30m. See 'steadwork run --help'.", "--timeout", "5", "--", "true")]
    [InlineData("The run's name is empty; it needs 1 to 200 characters.", "--name", "", "--", "true")]
    [InlineData("The list 'missing' cannot be read: Could not find file '<folder>/missing'.", "--items", "missing", "--", "true")]
    [InlineData("--joblog: 'missing/log' cannot be written: Could not find a part of the path '<folder>/missing/log'. Nothing was loaded.", "--joblog", "missing/log", "--", "true")]
    public Task Options(string complaint, params string[] arguments) => ShouldBeRefusedAsync("a\n"u8.ToArray(), complaint, arguments);

    [Fact]
    public async Task A_folder_of_results_that_cannot_be()
    {
        workshop.Folder.Write("file", "");
        var ended = await workshop.RunAsync("a\n", "--results", "file/results", "--", "true");
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldStartWith($"--results: '{workshop.Folder.File("file/results")}' cannot be written: ");
        File.Exists(workshop.Folder.File("steadwork.db")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("a\n\u0000b\n", "Item 2 holds a NUL character, which no program's argument can; is the list NUL-separated (--null)? Nothing was loaded.")]
    [InlineData("{\"a\":1}\nx\n", "Line 2 is not a JSON object: 'x' is an invalid start of a value. Nothing was loaded.", "--jsonl")]
    [InlineData("{\"a\":1,\"a\":2}\n", "Line 1 is not a JSON object: Duplicate property 'a' encountered during deserialization. Nothing was loaded.", "--jsonl")]
    [InlineData("[1]\n", "Line 1 is JSON, but no object; with --jsonl each line is one object. Nothing was loaded.", "--jsonl")]
    [InlineData("{\"a\":\"\\ud800\"}\n", "Line 1 is not a JSON object: Cannot read incomplete UTF-16 JSON text as string with missing low surrogate. Nothing was loaded.", "--jsonl")]
    public Task Lists(string list, string complaint, params string[] options) => ShouldBeRefusedAsync(Encoding.UTF8.GetBytes(list), complaint, [.. options, "--", "true"]);

    [Fact]
    public Task A_list_that_is_not_UTF_8() =>
        ShouldBeRefusedAsync([(byte)'a', (byte)'\n', 0xFF, (byte)'\n'], "Item 2 is not valid UTF-8. Nothing was loaded.", "--", "true");

    [Fact]
    public Task An_object_that_is_not_UTF_8() =>
        ShouldBeRefusedAsync([.. "{\"a\":\""u8, 0xFF, .. "\"}"u8], "Item 1 is not valid UTF-8. Nothing was loaded.", "--jsonl", "--", "true");

    [Fact]
    public Task An_item_that_is_too_long() =>
        ShouldBeRefusedAsync(Encoding.UTF8.GetBytes("a\n" + new string('x', 300_000)), "An item has 300,011 bytes as JSON; 262,144 is the most. Nothing was loaded.", "--", "true");

    [Fact]
    public async Task An_object_that_is_too_deep()
    {
        var ended = await workshop.RunAsync($"{string.Concat(Enumerable.Repeat("{\"a\":", 100))}1{new string('}', 100)}", "--jsonl", "--", "true");
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldStartWith("Line 1 is not a JSON object: The maximum configured depth");
        File.Exists(workshop.Folder.File("steadwork.db")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_list_that_is_a_folder()
    {
        var ended = await workshop.RunAsync("", "--items", "tmp", "--", "true");
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldBe("The list 'tmp' is a directory; give a file, or pipe a list in.");
    }

    [Fact]
    public async Task A_terminal_instead_of_a_list()
    {
        using var terminal = workshop.Start("script", null, "-qec", "\"$STEADWORK\" run -- true", "typescript");
        var ended = await terminal.EndAsync();
        ended.Status.ShouldBe(2);
        ended.Output.ShouldContain("steadwork: There is no list: pipe one in, or give --items FILE.");
    }

    [Fact]
    public async Task A_store_that_is_not_ours()
    {
        workshop.Folder.Write("steadwork.db", "my notes");
        var ended = await workshop.RunAsync("a\n", "--", "true");
        ended.Status.ShouldBe(3);
        File.ReadAllText(workshop.Folder.File("steadwork.db")).ShouldBe("my notes");
    }
}
