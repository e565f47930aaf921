using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests;

public abstract class ShowTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    private async Task FailTwiceAsync()
    {
        await folder.EnqueueAsync("note", "{\"path\":\"a.txt\"}", "--attempts", "2");
        await using var store = folder.OpenStore();
        var worker = await store.StartWorkerAsync(["default"], "note");
        await store.EndAsync(worker, await store.ClaimAsync(worker, "default", "note"),
            new Transition.Retry(DateTimeOffset.UnixEpoch, new JobError("exit-code", "It ended with 7.\e[2J", "line one\nline \atwo")));
        await store.EndAsync(worker, await store.ClaimAsync(worker, "default", "note"),
            new Transition.Fail(new JobError("System.IO.IOException", "Disk \"full\" 漢\r\nreally")));
        await store.EndWorkerAsync(worker, default);
    }

    [Fact]
    public async Task A_failed_job_is_shown_with_its_attempts_and_errors()
    {
        await FailTwiceAsync();
        Approved.Json("show-failed-json", await folder.JsonAsync("show", "1"), folder);
        Approved.Text("show-failed-page", (await folder.RunAsync("show", "1")).Good(), folder);
    }

    [Fact]
    public async Task A_job_that_succeeded_is_shown_with_its_result()
    {
        await folder.EnqueueAsync("note");
        await using var store = folder.OpenStore();
        var worker = await store.StartWorkerAsync(["default"], "note");
        var claimed = await store.ClaimAsync(worker, "default", "note");
        (await folder.JsonAsync("show", "1")).GetProperty("attempts")[0].GetProperty("outcome").GetString().ShouldBe("running");
        await store.EndAsync(worker, claimed, new Transition.Succeed("{\"lines\": 3}"u8.ToArray()));
        Approved.Json("show-succeeded-json", await folder.JsonAsync("show", "1"), folder);
        Approved.Text("show-succeeded-page", (await folder.RunAsync("show", "1")).Good(), folder);
    }

    [Fact]
    public async Task It_says_when_nobody_could_run_the_job()
    {
        await folder.EnqueueAsync("note");
        (await folder.RunAsync("show", "1")).Lines[1].ShouldBe("No worker is alive that could run it.");
        await using var store = folder.OpenStore();
        await store.StartWorkerAsync(["default"], "mail");
        (await folder.RunAsync("show", "1")).Lines[1].ShouldBe("No live worker has a handler for the type 'note'.");
        await store.StartWorkerAsync(["imports"], "note");
        (await folder.RunAsync("show", "1")).Lines[1].ShouldBe("No live worker with a handler for it serves the queue 'default'.");
        await store.StartWorkerAsync(["default"], "note");
        (await folder.RunAsync("show", "1")).Lines[1].ShouldStartWith("  queue");
    }

    [Theory]
    [InlineData("There is no job 7.", "7")]
    [InlineData("'x' is not the id of a job; ids are whole numbers from 1. See 'steadwork show --help'.", "x")]
    [InlineData("'0' is not the id of a job; ids are whole numbers from 1. See 'steadwork show --help'.", "0")]
    [InlineData("ID is missing. See 'steadwork show --help'.")]
    public async Task What_is_wrong_is_said_in_one_line(string complaint, params string[] arguments)
    {
        await folder.EnqueueAsync("note");
        var ended = await folder.RunAsync(["show", .. arguments]);
        ended.Status.ShouldBe(2);
        ended.Output.ShouldBeEmpty();
        ended.Complaint.ShouldBe(complaint);
    }
}
