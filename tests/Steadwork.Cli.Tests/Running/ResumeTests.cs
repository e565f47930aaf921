using System.Text.Json;
using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

/// <summary>What the same run does when it is started again.</summary>
public abstract class ResumeTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    /// <summary>Notes the item, and fails while a file of that name is there.</summary>
    private static readonly string[] Failing = ["--attempts", "1", "--workers", "1", "--", "sh", "-c", "echo \"$1\" >> ledger; test ! -e \"$1\"", "sh"];

    private readonly Workshop workshop = Workshop.On<TStore>();

    public void Dispose() => workshop.Dispose();

    private async Task<(int Status, JsonElement Finished)> RunAsync(string list, params IEnumerable<string> arguments)
    {
        var ended = await workshop.RunAsync(list, ["--json", .. arguments]);
        ended.Error.ShouldBeEmpty();
        return (ended.Status, JsonDocument.Parse(ended.Lines[^1]).RootElement);
    }

    /// <summary>How a run must end: its exit status, and the numbers of its last event.</summary>
    private async Task ShouldEndAsync(string list, IEnumerable<string> arguments, int status, int items, int succeeded, int failed = 0, int remaining = 0, int duplicates = 0, int alreadyDone = 0)
    {
        var (actual, finished) = await RunAsync(list, arguments);
        finished.GetRawText().ShouldBe($$"""{"event":"finished","items":{{items}},"succeeded":{{succeeded}},"failed":{{failed}},"remaining":{{remaining}},"duplicates":{{duplicates}},"alreadyDone":{{alreadyDone}}}""");
        actual.ShouldBe(status);
    }

    [Fact]
    public async Task What_is_done_is_not_done_again()
    {
        await ShouldEndAsync("a\nb\n", Workshop.Noting, 0, items: 2, succeeded: 2);
        await ShouldEndAsync("a\nb\n", Workshop.Noting, 0, items: 2, succeeded: 2, alreadyDone: 2);
        workshop.Ledger.ShouldBe(["a", "b"], ignoreOrder: true);
    }

    [Fact]
    public async Task Another_number_of_attempts_holds_for_items_that_are_known()
    {
        string[] program = ["--retry-delay", "1ms", "--", "sh", "-c", "echo \"$1\" >> ledger; exit 1", "sh"];
        await ShouldEndAsync("a\n", ["--attempts", "1", .. program], 1, items: 1, succeeded: 0, failed: 1);
        await ShouldEndAsync("a\n", ["--attempts", "3", "--retry-failed", .. program], 1, items: 1, succeeded: 0, failed: 1);
        workshop.Ledger.Length.ShouldBe(1 + 3);
    }

    [Fact]
    public async Task A_list_may_be_put_in_another_order_edited_and_extended()
    {
        await ShouldEndAsync("a\nb\nc\n", Workshop.Noting, 0, items: 3, succeeded: 3);
        await ShouldEndAsync("c\nB\nd\na\n", Workshop.Noting, 0, items: 4, succeeded: 4, alreadyDone: 2);
        workshop.Ledger[3..].ShouldBe(["B", "d"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_line_that_is_there_twice_is_one_item()
    {
        await ShouldEndAsync("a\nb\na\na\n", Workshop.Noting, 0, items: 2, succeeded: 2, duplicates: 2);
        workshop.Ledger.ShouldBe(["a", "b"], ignoreOrder: true);
    }

    [Fact]
    public async Task An_object_is_the_same_item_however_it_is_written()
    {
        string[] arguments = ["--jsonl", .. Workshop.Noting];
        await ShouldEndAsync("{\"a\":1,\"b\":{\"c\":2,\"d\":\"ü\"}}\n{ \"b\" : {\"d\":\"\\u00fc\",\"c\":2}, \"a\":1 }\n", arguments, 0, items: 1, succeeded: 1, duplicates: 1);
        await ShouldEndAsync("{\"b\":{\"d\":\"ü\",\"c\":2},\"a\":1}\n{\"b\":{\"d\":\"ü\",\"c\":2},\"a\":\"1\"}\n", arguments, 0, items: 2, succeeded: 2, alreadyDone: 1);
    }

    [Fact]
    public async Task Failed_items_stand_until_they_are_taken_up()
    {
        workshop.Folder.Write("b", "");
        await ShouldEndAsync("a\nb\n", Failing, 1, items: 2, succeeded: 1, failed: 1);
        await ShouldEndAsync("a\nb\n", Failing, 1, items: 2, succeeded: 1, failed: 1, alreadyDone: 1);
        workshop.Ledger.ShouldBe(["a", "b"]);

        await ShouldEndAsync("a\nb\n", ["--retry-failed", .. Failing], 1, items: 2, succeeded: 1, failed: 1, alreadyDone: 1);
        File.Delete(workshop.Folder.File("b"));
        await ShouldEndAsync("a\nb\n", ["--retry-failed", .. Failing], 0, items: 2, succeeded: 2, alreadyDone: 1);
        workshop.Ledger.ShouldBe(["a", "b", "b", "b"]);
        (await workshop.Folder.JsonAsync("show", "2")).GetProperty("lastError").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task A_failed_item_that_the_list_no_longer_names_does_not_count()
    {
        workshop.Folder.Write("b", "");
        await ShouldEndAsync("a\nb\n", Failing, 1, items: 2, succeeded: 1, failed: 1);
        await ShouldEndAsync("a\n", ["--retry-failed", .. Failing], 0, items: 1, succeeded: 1, alreadyDone: 1);
        workshop.Ledger.ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task Items_that_a_later_list_leaves_out_are_run_only_when_one_names_them_again()
    {
        string[] arguments = ["--name", "list", "--workers", "1", .. Workshop.Gated];
        using (var run = workshop.StartRun("a\nb\nc\n", arguments))
        {
            using var a = await workshop.Begun.NextBeginningAsync();
            a.Item.ShouldBe("a");
            run.Send(RunningCommand.Interrupt);
            await run.NextErrorAsync("interrupted");
            workshop.Gate.LetThrough(1);
            (await run.EndAsync()).Status.ShouldBe(130);
        }
        workshop.Gate.LetThrough(2);
        await ShouldEndAsync("c\na\n", arguments, 0, items: 2, succeeded: 2, alreadyDone: 1);
        workshop.Ledger.ShouldBe(["a", "c"]);
        await ShouldEndAsync("a\nb\nc\n", arguments, 0, items: 3, succeeded: 3, alreadyDone: 2);
        workshop.Ledger.ShouldBe(["a", "c", "b"]);
    }

    [Fact]
    public async Task A_run_without_a_name_is_known_by_its_command()
    {
        await ShouldEndAsync("a\n", Workshop.Noting, 0, items: 1, succeeded: 1);
        await ShouldEndAsync("a\n", [.. Workshop.Noting, "other"], 0, items: 1, succeeded: 1);
        await ShouldEndAsync("a\n", ["--stdin", .. Workshop.Noting], 0, items: 1, succeeded: 1);
        await ShouldEndAsync("a\n", ["--timeout", "1h", "--workers", "3", "--attempts", "7", .. Workshop.Noting], 0, items: 1, succeeded: 1, alreadyDone: 1);
    }

    [Fact]
    public async Task The_same_items_under_another_name_are_other_items()
    {
        await ShouldEndAsync("a\n", ["--name", "one", .. Workshop.Noting], 0, items: 1, succeeded: 1);
        await ShouldEndAsync("a\n", ["--name", "two", .. Workshop.Noting], 0, items: 1, succeeded: 1);
        workshop.Ledger.ShouldBe(["a", "a"]);
        (await workshop.Folder.JsonAsync("list", "--run", "two")).GetArrayLength().ShouldBe(1);
    }

    [Theory]
    [InlineData("sh -c 'echo \"$1\" >> ledger' sh")]
    [InlineData("sh -c 'echo \"$1\" >> ledger' sh", "--", "echo")]
    [InlineData("sh -c 'echo \"$1\" >> ledger' sh", "--stdin", "--", "sh", "-c", "echo \"$1\" >> ledger", "sh")]
    [InlineData("sh -c 'echo \"$1\" >> ledger' sh", "--jsonl", "--", "sh", "-c", "echo \"$1\" >> ledger", "sh")]
    public async Task A_name_stands_for_one_command(string known, params string[] other)
    {
        string[] arguments = other.Length > 0 ? other : ["--", "sh", "-c", "echo \"$1\" >> ledger", "sh", "{}"];
        await ShouldEndAsync("{\"a\":1}\n", ["--name", "mine", .. Workshop.Noting], 0, items: 1, succeeded: 1);
        var ended = await workshop.RunAsync("{\"b\":1}\n", ["--name", "mine", .. arguments]);
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldBe($"The run 'mine' is known with another command or kind of items: {known}. Give another --name, or the same command.");
        (await workshop.Folder.JsonAsync("list")).GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task A_second_start_adds_its_workers()
    {
        string[] arguments = ["--workers", "1", "--json", .. Workshop.Gated];
        using var first = workshop.StartRun("a\nb\n", arguments);
        using var a = await workshop.Begun.NextBeginningAsync();
        using var second = workshop.StartRun("a\nb\n", arguments);
        using var b = await workshop.Begun.NextBeginningAsync();
        (a.Item, b.Item).ShouldBe(("a", "b"));
        b.Worker.Id.ShouldNotBe(a.Worker.Id);
        workshop.Gate.LetThrough(2);
        foreach (var run in new[] { first, second })
        {
            var ended = await run.EndAsync();
            ended.Status.ShouldBe(0);
            ended.Lines[^1].ShouldStartWith("""{"event":"finished","items":2,"succeeded":2,"failed":0,"remaining":0""");
        }
        workshop.Ledger.ShouldBe(["a", "b"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_second_start_with_another_list_leaves_the_first_its_items()
    {
        string[] arguments = ["--name", "both", "--workers", "1", .. Workshop.Gated];
        using var first = workshop.StartRun("a\nb\n", arguments);
        using var a = await workshop.Begun.NextBeginningAsync();
        using var second = workshop.StartRun("c\n", arguments);
        using var next = await workshop.Begun.NextBeginningAsync();
        workshop.Gate.LetThrough(3);
        (await first.EndAsync()).Status.ShouldBe(0);
        (await second.EndAsync()).Status.ShouldBe(0);
        workshop.Ledger.ShouldBe(["a", "b", "c"], ignoreOrder: true);
    }
}
