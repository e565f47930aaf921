using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests;

/// <summary>Each verb as people call it, as a process. All that a verb does is shown elsewhere, mostly by calls without one.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly CliFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>The exit status, what standard output holds, and the arguments. Job 1 is cancelled, job 2 is pending; standard input is a 1.</summary>
    public static TheoryData<int, string, string[]> Calls => new()
    {
        { 0, "^1\n$", ["run", "--", "echo"] },
        { 0, "^{\"id\":3,\"existing\":false}\n$", ["enqueue", "note", "-", "--json"] },
        { 0, "^$", ["work", "--exec", "note=true", "--drain"] },
        { 0, "^ID  TYPE .*\n +2  note .*\n +1  note .*\n$", ["list"] },
        { 0, "^{\"id\":2,\"type\":\"note\",.*}\n$", ["show", "2", "--json"] },
        { 0, "^{\"id\":2,\"state\":\"pending\",\"reasons\":.*}\n$", ["why", "2", "--json"] },
        { 1, "^Job 1 was cancelled.\n$", ["wait", "1"] },
        { 0, "^Job 2 is cancelled.\n$", ["cancel", "2"] },
        { 0, "^Job 1 will run again.\n$", ["retry", "1"] },
        { 0, "^Job 1 is deleted.\n$", ["delete", "1"] },
        { 0, "^{\"states\":{\"pending\":1,.*}\n$", ["stats", "--json"] },
        { 0, "^The queue default is paused.\n$", ["queues", "pause", "default"] },
        { 0, "^{\"name\":\"nightly\",.*}\n$", ["schedules", "add", "nightly", "--every", "1d", "note", "--json"] },
        { 2, "^$", ["batches", "show", "1"] },
        { 0, "^The queue default is limited to 1 in 1m.\n$", ["limits", "set", "1/1m", "--queue", "default"] },
        { 0, "^There are no breakers.\n$", ["breakers", "list"] },
        { 0, "^No worker is alive.\n$", ["workers", "list"] },
        { 0, "^{\"ok\":true,.*}\n$", ["doctor", "--json"] },
        { 0, "^1 job, 0 attempts and 0 log entries were removed.\n$", ["prune", "--older-than", "0"] },
        { 0, "^{\"sections\":.*}\n$", ["copy", "--to", "sqlite:copy.db", "--json"] },
        { 0, "^{\"machine\":.*,\"measures\":\\[{\"name\":\"enqueue-one\",.*}\n$", ["bench", "--only", "enqueue-one", "--rounds", "1", "--json"] },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_verb_does_its_part(int status, string output, string[] arguments)
    {
        await folder.EnqueueAsync("note");
        await folder.EnqueueAsync("note");
        (await folder.RunAsync("cancel", "1")).Good();
        var ended = await folder.AsProcessAsync(arguments, "1"u8.ToArray());
        ended.Status.ShouldBe(status, ended.Error);
        ended.Output.ShouldMatch(output);
    }

    [Fact]
    public void No_verb_is_left_out() => Calls.Select(call => call.Data.Item3[0]).ShouldBe(Verbs.All.Select(verb => verb.Name));

    [Theory]
    [InlineData(2, "There is no verb 'lits'. Did you mean 'list'? See 'steadwork --help'.", "lits")]
    [InlineData(2, "The payload is not valid UTF-8.", "enqueue", "note", "-")]
    [InlineData(3, "'<folder>' is a directory, not a store; give the path of a file.", "list", "--store", "sqlite:.")]
    public async Task What_is_wrong_is_said_on_standard_error(int status, string complaint, params string[] arguments)
    {
        var ended = await folder.AsProcessAsync(arguments, [(byte)'"', 0xFF, (byte)'"']);
        (ended.Status, ended.Output, ended.Complaint).ShouldBe((status, "", complaint.Replace("<folder>", folder.Path)));
        folder.ShouldBeEmpty();
    }

    [Fact]
    public async Task It_finds_a_server()
    {
        using var there = CliFolder.On<PostgreSqlSchema>();
        (await there.AsProcessAsync(["enqueue", "note", "--json"])).Good().ShouldBe("{\"id\":1,\"existing\":false}\n");
        (await there.AsProcessAsync(["list"])).Lines.Length.ShouldBe(2);
    }

    [Fact]
    public async Task Files_are_looked_for_where_it_was_started()
    {
        folder.Write("jobs.jsonl", "1\n2\n");
        (await folder.AsProcessAsync(["enqueue", "note", "--jsonl", "jobs.jsonl", "--store", "sqlite:here.db"])).Good().ShouldBe("2 jobs enqueued\n");
        File.Exists(folder.File("here.db")).ShouldBeTrue();
    }
}
