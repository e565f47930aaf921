using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests;

public abstract class ListTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    private async Task<long[]> IdsAsync(params string[] arguments) =>
        [.. (await folder.JsonAsync(["list", .. arguments])).EnumerateArray().Select(job => job.GetProperty("id").GetInt64())];

    [Fact]
    public async Task Conditions_add_up_and_the_newest_comes_first()
    {
        await folder.EnqueueAsync("note", "{\"text\":\"apple\"}", "--queue", "imports", "--tag", "red");
        await folder.EnqueueAsync("note", "{\"text\":\"pear\"}", "--queue", "imports");
        await folder.EnqueueAsync("mail", "{\"text\":\"apple\"}", "--tag", "red");
        await folder.EnqueueAsync("run", "--queue", "run:nightly");
        await folder.RunAsync("cancel", "3");
        (await IdsAsync()).ShouldBe([4, 3, 2, 1]);
        (await IdsAsync("--queue", "imports")).ShouldBe([2, 1]);
        (await IdsAsync("--type", "note", "--text", "APPLE")).ShouldBe([1]);
        (await IdsAsync("--tag", "red")).ShouldBe([3, 1]);
        (await IdsAsync("--tag", "red", "--state", "cancelled")).ShouldBe([3]);
        (await IdsAsync("--run", "nightly")).ShouldBe([4]);
        (await IdsAsync("--limit", "2")).ShouldBe([4, 3]);
        (await IdsAsync("--text", "100%")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_run_is_named_in_the_json()
    {
        await folder.EnqueueAsync("run", "--queue", "run:nightly:2");
        (await folder.JsonAsync("list"))[0].GetProperty("run").GetString().ShouldBe("nightly:2");
    }

    [Fact]
    public async Task Json_and_table_have_their_approved_shape()
    {
        await folder.EnqueueAsync("note", "{\"text\":\"größer 漢字 😀\"}", "--tag", "red", "--unique", "k");
        await folder.EnqueueAsync("mail", "--queue", "imports", "--priority", "5");
        await folder.EnqueueAsync("mail", "--at", "2999-01-01T00:00:00Z");
        await folder.RunAsync("cancel", "2");
        await folder.RunAsync("delete", "3");
        Approved.Json("list-json", await folder.JsonAsync("list"), folder);
        Approved.Table("list-table", (await folder.RunAsync("list")).Good(), folder);
    }

    [Fact]
    public async Task A_job_whose_time_has_not_come_is_called_scheduled()
    {
        await folder.EnqueueAsync("note", "--delay", "100d");
        (await folder.RunAsync("list")).Good().ShouldContain("scheduled");
        (await folder.JsonAsync("list"))[0].GetProperty("state").GetString().ShouldBe("pending");
    }

    [Fact]
    public async Task It_shows_100_and_says_when_there_are_more()
    {
        folder.Write("jobs.jsonl", string.Concat(Enumerable.Repeat("{}\n", 101)));
        await folder.RunAsync("enqueue", "note", "--jsonl", "jobs.jsonl");
        (await IdsAsync()).ShouldBe(Enumerable.Range(2, 100).Reverse().Select(id => (long)id));
        var text = await folder.RunAsync("list");
        text.Lines.Length.ShouldBe(102);
        text.Lines[^1].ShouldBe("These are the newest 100; there are more. --limit N shows up to 10,000.");
        (await folder.RunAsync("list", "--limit", "101")).Lines.Length.ShouldBe(102);
        (await IdsAsync("--limit", "10000")).Length.ShouldBe(101);
    }

    [Fact]
    public async Task Nothing_found_is_not_an_error()
    {
        await folder.EnqueueAsync("note");
        (await folder.RunAsync("list", "--queue", "none")).Good().ShouldBe("No jobs found.\n");
        (await folder.RunAsync("list", "--queue", "none", "--json")).Good().ShouldBe("[]\n");
    }

    [Theory]
    [InlineData("--state: 'done' is not a state; the states are pending, waiting, running, succeeded, failed, cancelled. See 'steadwork list --help'.", "--state", "done")]
    [InlineData("--limit: '10001' is not a whole number from 1 to 10000. See 'steadwork list --help'.", "--limit", "10001")]
    [InlineData("--limit: '0' is not a whole number from 1 to 10000. See 'steadwork list --help'.", "--limit", "0")]
    [InlineData("--run and --queue both say which queue to look in; give one of them.", "--run", "a", "--queue", "b")]
    public async Task What_is_wrong_is_said_in_one_line(string complaint, params string[] arguments)
    {
        var ended = await folder.RunAsync(["list", .. arguments]);
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldBe(complaint);
    }
}
