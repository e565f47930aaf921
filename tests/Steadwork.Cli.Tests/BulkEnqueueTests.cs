using System.Text;
using Shouldly;
using Steadwork.Soak.Stores;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Cli.Tests;

public abstract class BulkEnqueueTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    private static string Lines(int count) => string.Concat(Enumerable.Range(1, count).Select(number => $"{{\"number\":{number}}}\n"));

    [Fact]
    public async Task Each_line_becomes_a_job_with_the_options_given()
    {
        folder.Write("jobs.jsonl", "\uFEFF{\"n\":1}\n\n   \r\n  {\"n\": 2}\r\n\"three\"");
        (await folder.RunAsync("enqueue", "note", "--jsonl", "jobs.jsonl", "--queue", "imports", "--tag", "bulk")).Good().ShouldBe("3 jobs enqueued\n");
        var jobs = (await folder.JsonAsync("list", "--queue", "imports", "--tag", "bulk", "--type", "note")).EnumerateArray().ToList();
        jobs.Select(job => job.GetProperty("payload").GetRawText()).ShouldBe(["\"three\"", "{\"n\":2}", "{\"n\":1}"]);
    }

    [Fact]
    public async Task Fifty_thousand_lines_are_stored_in_order()
    {
        folder.Write("jobs.jsonl", Lines(50_000));
        (await folder.RunAsync("enqueue", "note", "--jsonl", "jobs.jsonl", "--json")).Good().ShouldBe("{\"count\":50000,\"firstId\":1,\"lastId\":50000}\n");
        var newest = (await folder.JsonAsync("list", "--limit", "10000")).EnumerateArray().ToList();
        newest.Select(job => job.GetProperty("payload").GetProperty("number").GetInt32()).ShouldBe(Enumerable.Range(40_001, 10_000).Reverse());
        (await folder.JsonAsync("stats")).GetProperty("states").GetProperty("pending").GetInt64().ShouldBe(50_000);
    }

    [Fact]
    public async Task A_bad_line_far_down_changes_nothing()
    {
        folder.Write("jobs.jsonl", Lines(30_000) + "{\"number\":\n" + Lines(10));
        var ended = await folder.RunAsync("enqueue", "note", "--jsonl", "jobs.jsonl");
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldStartWith("Line 30001 of 'jobs.jsonl': The payload is not valid JSON: ");
        ended.Complaint.ShouldEndWith(" Nothing was stored.");
        folder.ShouldHaveNoStore();
    }

    [Fact]
    public async Task A_dash_reads_the_lines_from_standard_input()
    {
        (await folder.RunWithAsync(Lines(25_000), "enqueue", "note", "--jsonl", "-")).Good().ShouldBe("25000 jobs enqueued\n");
        var bad = await folder.RunWithAsync(Lines(3) + "oops", "enqueue", "note", "--jsonl", "-");
        bad.Status.ShouldBe(2);
        bad.Complaint.ShouldStartWith("Line 4 of standard input: The payload is not valid JSON: ");
        (await folder.JsonAsync("stats")).GetProperty("states").GetProperty("pending").GetInt64().ShouldBe(25_000);
    }

    [Fact]
    public async Task When_it_is_interrupted_it_says_how_far_it_came()
    {
        folder.Write("jobs.jsonl", Lines(200_000));
        await using var store = folder.OpenStore();
        var begun = new TaskCompletionSource();
        using var listening = store.Listen(WakeUp.Jobs, _ => begun.TrySetResult());
        using var enqueueing = folder.Start("enqueue", "note", "--jsonl", "jobs.jsonl");
        await begun.Task.WaitAsync(SteadworkProcess.Patience);
        enqueueing.SendInterrupt();
        var ended = await enqueueing.EndAsync();
        ended.Status.ShouldBe(130);
        ended.Output.ShouldBeEmpty();
        var stored = (await store.StatisticsAsync(default)).Lanes.ShouldHaveSingleItem().Counts.Pending;
        (stored % 10_000).ShouldBe(0);
        stored.ShouldBeInRange(10_000, 190_000);
        ended.Complaint.ShouldBe($"Interrupted; it broke off after line {stored}: {stored} jobs are stored, the rest is not.");
    }

    [Fact]
    public async Task No_lines_are_no_jobs()
    {
        folder.Write("jobs.jsonl", "\n \n");
        (await folder.RunAsync("enqueue", "note", "--jsonl", "jobs.jsonl")).Good().ShouldBe("0 jobs enqueued\n");
        (await folder.RunAsync("enqueue", "note", "--jsonl", "jobs.jsonl", "--json")).Good().ShouldBe("{\"count\":0,\"firstId\":null,\"lastId\":null}\n");
    }

    [Fact]
    public async Task A_line_that_is_too_long_is_named()
    {
        folder.Write("jobs.jsonl", $"1\n\"{new string('x', 2_000_000)}\"\n");
        var ended = await folder.RunAsync("enqueue", "note", "--jsonl", "jobs.jsonl");
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldBe("Line 2 of 'jobs.jsonl': The payload has more than 262,144 bytes, which is the most. Nothing was stored.");
    }

    [Fact]
    public async Task Lines_of_the_greatest_length_pass()
    {
        var line = $"\"{new string('x', 256 * 1024 - 2)}\"";
        folder.Write("jobs.jsonl", new StringBuilder().Insert(0, line + "\n", 200).ToString());
        (await folder.RunAsync("enqueue", "note", "--jsonl", "jobs.jsonl")).Good().ShouldBe("200 jobs enqueued\n");
        (await folder.JsonAsync("show", "200")).GetProperty("payload").GetString()!.Length.ShouldBe(256 * 1024 - 2);
    }

    [Theory]
    [InlineData("The lines of 'none.jsonl' cannot be read: ", "none.jsonl")]
    [InlineData("The lines of '.' cannot be read: ", ".")]
    [InlineData("With --jsonl the payloads are the lines of the file; leave JSON out.", "jobs.jsonl", "{}")]
    [InlineData("With --jsonl all jobs would bear one --unique key", "jobs.jsonl", "--unique", "k")]
    [InlineData("The queue is empty", "jobs.jsonl", "--queue", "")]
    public async Task What_is_wrong_is_said_before_anything_is_stored(string complaint, string file, params string[] more)
    {
        folder.Write("jobs.jsonl", Lines(3));
        var ended = await folder.RunAsync(["enqueue", "note", "--jsonl", file, .. more]);
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldStartWith(complaint);
        folder.ShouldHaveNoStore();
    }
}
