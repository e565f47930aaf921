using System.Text;
using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

/// <summary>What programs get of the items of a list.</summary>
public abstract class ItemTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private static readonly string[] Showing = ["--keep-order", "--workers", "1", "--", "printf", "<%s>"];

    private readonly Workshop workshop = Workshop.On<TStore>();

    public void Dispose() => workshop.Dispose();

    private async Task<string> OutputAsync(string list, params string[] arguments)
    {
        var ended = await workshop.RunAsync(list, arguments);
        ended.Status.ShouldBe(0, ended.Error);
        return ended.Output;
    }

    [Fact]
    public async Task Items_are_lines_and_become_the_last_argument() =>
        (await OutputAsync("one\ntwo words\n\n  kept  \nlast", Showing)).ShouldBe("<one><two words><  kept  ><last>");

    [Fact]
    public async Task No_shell_reads_an_item() =>
        (await OutputAsync("$(touch made)\n`touch made`\n; touch made\n*\n'\n\"\n\\n\n-n\n~\n", Showing)).ShouldBe("<$(touch made)><`touch made`><; touch made><*><'><\"><\\n><-n><~>");

    [Fact]
    public async Task Lines_from_Windows_lose_their_returns_and_their_mark() =>
        (await OutputAsync("\uFEFFone\r\ntwo\r\n", Showing)).ShouldBe("<one><two>");

    [Fact]
    public async Task Items_can_end_with_a_NUL() =>
        (await OutputAsync("one\ntwo\0\0three\r\0Ü", ["--null", .. Showing])).ShouldBe("<one\ntwo><three\r><Ü>");

    [Fact]
    public async Task A_list_can_be_a_file()
    {
        workshop.Folder.Write("list", "one\ntwo\n");
        (await OutputAsync("from standard input", ["--items", "list", .. Showing])).ShouldBe("<one><two>");
    }

    [Fact]
    public async Task Placeholders_are_replaced_wherever_they_stand() =>
        (await OutputAsync("a.b/photo.tar.gz\n.hidden\n", "--keep-order", "--", "echo", "{}", "{.}", "{/}", "{//}", "{/.}", "{#}", "-o{.}.png", "{1}", "{ }", "{a}"))
            .ShouldBe("a.b/photo.tar.gz a.b/photo.tar photo.tar.gz a.b photo.tar 1 -oa.b/photo.tar.png {1} { } {a}\n.hidden .hidden .hidden . .hidden 2 -o.hidden.png {1} { } {a}\n");

    [Fact]
    public async Task Fields_of_objects_are_replaced() =>
        (await OutputAsync("""
            {"name": "x y", "size": {"w": 3.50}, "tags": ["a", "b"], "ok": true, "none": null}
            {"name": "z", "size": {"w": 4}, "tags": [], "ok": false, "none": null}
            """, "--jsonl", "--keep-order", "--", "printf", "%s|", "{name}", "{size.w}", "{size}", "{tags}", "{ok}", "{none}", "{#}", "{print $1}"))
            .ShouldBe("""x y|3.50|{"w":3.50}|["a","b"]|true|null|1|{print $1}|z|4|{"w":4}|[]|false|null|2|{print $1}|""");

    [Fact]
    public async Task An_object_without_placeholders_is_appended_whole() =>
        (await OutputAsync("{ \"b\": 1, \"a\": \"ü\" }\n", "--jsonl", "--", "echo")).ShouldBe("{\"a\":\"ü\",\"b\":1}\n");

    [Fact]
    public async Task An_object_without_a_field_that_is_asked_for_is_refused_with_the_whole_list()
    {
        var ended = await workshop.RunAsync("{\"a\":1}\n{\"b\":2}\n", "--jsonl", "--", "echo", "{a}");
        ended.Status.ShouldBe(2);
        ended.Output.ShouldBeEmpty();
        ended.Error.ShouldBe("steadwork: Line 2: The item has no field 'a': {\"b\":2}. Nothing was loaded.\n");
    }

    [Fact]
    public async Task An_item_can_be_handed_over_on_standard_input() =>
        (await OutputAsync("one\ntwo\n", "--stdin", "--keep-order", "--", "sh", "-c", "cat; echo \"$# $1\"", "sh", "n{#}")).ShouldBe("one\n1 n1\ntwo\n1 n2\n");

    [Fact]
    public async Task A_program_that_never_reads_its_input_has_not_failed()
    {
        var ended = await workshop.RunAsync(new string('x', 200_000) + "\nshort\n", "--stdin", "--", "true");
        ended.Status.ShouldBe(0, ended.Error);
    }

    [Fact]
    public async Task Without_an_item_on_it_standard_input_is_empty() =>
        (await OutputAsync("one\n", "--", "sh", "-c", "cat; echo end", "sh")).ShouldBe("end\n");

    [Fact]
    public async Task Programs_know_their_job_and_their_attempt()
    {
        const string script = "echo \"$STEADWORK_JOB_ID $STEADWORK_ATTEMPT ${#STEADWORK_LEASE_TOKEN}\" >> ledger; test \"$STEADWORK_ATTEMPT\" = 2";
        await OutputAsync("one\n", "--retry-delay", "1ms", "--", "sh", "-c", script, "sh");
        var words = workshop.Ledger.Select(line => line.Split(' ')).ToList();
        words.Select(line => line[0]).ShouldBe(["1", "1"]);
        words.Select(line => line[1]).ShouldBe(["1", "2"]);
        words.ShouldAllBe(line => int.Parse(line[2]) > 0);
    }

    [Fact]
    public async Task An_item_is_kept_as_the_payload_of_a_job()
    {
        await OutputAsync("say \"ü\"\n", Workshop.Noting);
        await OutputAsync("{\"b\":1,\"a\":2}\n", "--jsonl", "--", "true");
        var jobs = await workshop.Folder.JsonAsync("list");
        jobs.EnumerateArray().Select(job => (job.GetProperty("type").GetString(), job.GetProperty("payload").GetRawText().Replace(" ", "").Replace("\n", "")))
            .ShouldBe([("run", """{"item":"say\"ü\""}"""), ("run", """{"a":2,"b":1}""")], ignoreOrder: true);
    }

    [Fact]
    public async Task A_dry_run_prints_the_commands_and_does_nothing()
    {
        var ended = await workshop.RunAsync("one\nit's two\none\n$(x)\n", "--dry-run", "--results", "results", "--joblog", "log", "--", "touch", "{}", "n{#}");
        ended.Status.ShouldBe(0);
        ended.Output.ShouldBe("touch one n1\ntouch 'it'\\''s two' n2\ntouch '$(x)' n3\n");
        Directory.GetFileSystemEntries(workshop.Folder.Path).Select(Path.GetFileName).ShouldBe(["begun", "gate", "tmp"], ignoreOrder: true);
        workshop.Leftovers.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_shell_reads_back_what_a_dry_run_prints()
    {
        var items = new[] { "a b", "$HOME", "`id`", "\"", "'", "\\", "!x", "#", "a=b", "-n", "~", "{x}", "é" };
        var ended = await workshop.RunAsync(string.Join('\n', items), "--dry-run", "--", "printf", "<%s>");
        using var shell = workshop.Start("sh", ended.Output);
        (await shell.EndAsync()).Output.ShouldBe(string.Concat(items.Select(item => $"<{item}>")));
    }

    [Fact]
    public async Task An_empty_list_is_done()
    {
        var ended = await workshop.RunAsync("\n\n", Workshop.Noting);
        ended.Status.ShouldBe(0);
        ended.Error.ShouldStartWith("run sh-");
        ended.Error.ShouldContain(": 0 items in ");
    }

    [Fact]
    public async Task Many_outputs_come_in_the_order_of_their_items()
    {
        var list = Enumerable.Range(1, 300).Select(number => $"{number} {new string('x', number % 70)}").ToArray();
        var ended = await workshop.RunAsync(Encoding.UTF8.GetBytes(string.Join('\n', list)), "--workers", "3", "--keep-order", "--", "echo");
        ended.Status.ShouldBe(0, ended.Error);
        ended.Lines.ShouldBe(list);
    }
}
