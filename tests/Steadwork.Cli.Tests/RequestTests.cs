using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests;

public abstract class RequestTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_job_in_its_line_is_cancelled_retried_and_deleted()
    {
        await folder.EnqueueAsync("note");
        (await folder.RunAsync("cancel", "1")).Good().ShouldBe("Job 1 is cancelled.\n");
        (await folder.RunAsync("show", "1")).Good().ShouldContain("cancel on the command line by ");
        (await folder.RunAsync("retry", "1")).Good().ShouldBe("Job 1 will run again.\n");
        (await folder.RunAsync("delete", "1")).Good().ShouldBe("Job 1 is deleted.\n");
        (await folder.JsonAsync("list")).GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task A_running_job_is_told_to_stop_and_cannot_be_deleted()
    {
        await folder.EnqueueAsync("note");
        await using var store = folder.OpenStore();
        var worker = await store.StartWorkerAsync(["default"], "note");
        await store.ClaimAsync(worker, "default", "note");
        var refused = await folder.RunAsync("delete", "1");
        refused.Status.ShouldBe(2);
        refused.Complaint.ShouldBe("Job 1 is running; cancel it first, and delete it when it has ended.");
        (await folder.RunAsync("cancel", "1")).Good().ShouldBe("Job 1 is running; it has been told to stop.\n");
        store.Renew(worker).Cancellations.ShouldHaveSingleItem().Reason.ShouldStartWith("cancel on the command line by ");
    }

    [Fact]
    public async Task All_ids_are_tried_and_the_status_tells_whether_any_was_refused()
    {
        await folder.EnqueueAsync("note");
        await folder.EnqueueAsync("note");
        await folder.RunAsync("cancel", "1");
        var ended = await folder.RunAsync("cancel", "1", "99", "2", "2");
        ended.Status.ShouldBe(1, "2 would say that nothing was changed");
        ended.Output.ShouldBe("Job 2 is cancelled.\n");
        ended.Error.ShouldBe("steadwork: Job 1 is cancelled; only a job that has not ended can be cancelled.\nsteadwork: There is no job 99.\n");
        var retried = await folder.RunAsync("retry", "1", "2", "99", "--json");
        retried.Status.ShouldBe(1);
        retried.Output.ShouldBe("[{\"id\":1,\"result\":\"done\",\"state\":\"pending\"},{\"id\":2,\"result\":\"done\",\"state\":\"pending\"},{\"id\":99,\"result\":\"not_found\",\"state\":null}]\n");
        retried.Complaint.ShouldBe("There is no job 99.");
        (await folder.RunAsync("retry", "1", "99")).Status.ShouldBe(2);
    }

    [Fact]
    public async Task A_job_that_is_not_at_its_end_cannot_be_retried()
    {
        await folder.EnqueueAsync("note");
        var ended = await folder.RunAsync("retry", "1");
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldBe("Job 1 is pending; only a failed or cancelled job can be retried.");
    }

    [Fact]
    public async Task A_job_whose_unique_key_another_bears_cannot_be_retried()
    {
        await folder.EnqueueAsync("note", "--unique", "k");
        await folder.RunAsync("cancel", "1");
        await folder.EnqueueAsync("note", "--unique", "k");
        var ended = await folder.RunAsync("retry", "1");
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldBe("Job 1 cannot retry: another unfinished job now bears its unique key.");
    }

    [Fact]
    public async Task Options_pick_the_jobs()
    {
        await folder.EnqueueAsync("note", "--queue", "a");
        await folder.EnqueueAsync("note", "--queue", "b");
        await folder.EnqueueAsync("other", "--queue", "a", "--tag", "t");
        await folder.EnqueueAsync("note", "--queue", "a");
        (await folder.RunAsync("cancel", "--queue", "a", "--type", "note")).Good().ShouldBe("2 jobs are cancelled.\n");
        (await folder.JsonAsync("list", "--state", "cancelled")).EnumerateArray().Select(job => job.GetProperty("id").GetInt32()).ShouldBe([4, 1]);
        (await folder.RunAsync("retry", "--state", "cancelled")).Good().ShouldBe("2 jobs will run again.\n");
        (await folder.RunAsync("delete", "--tag", "t")).Good().ShouldBe("1 job is deleted.\n");
        (await folder.RunAsync("delete", "--tag", "t")).Good().ShouldBe("No jobs found.\n");
        (await folder.RunAsync("cancel", "--type", "note", "--json")).Good().ShouldBe("{\"done\":3,\"signalled\":0,\"refused\":0}\n");
    }

    [Fact]
    public async Task Those_that_run_are_told_to_stop_and_a_state_that_does_not_allow_it_is_refused()
    {
        await folder.EnqueueAsync("note");
        await folder.EnqueueAsync("note");
        await using var store = folder.OpenStore();
        await store.ClaimAsync(await store.StartWorkerAsync(["default"], "note"), "default", "note");
        (await folder.RunAsync("cancel", "--queue", "default")).Good().ShouldBe("1 job is cancelled.\n1 job is running; it has been told to stop.\n");
        var refused = await folder.RunAsync("cancel", "--state", "cancelled");
        refused.Status.ShouldBe(2);
        refused.Complaint.ShouldBe("1 job would not: only a job that has not ended can be cancelled, and none whose unique key another unfinished one bears.");
    }

    [Theory]
    [InlineData("Which jobs? Give their ids, or options that pick them, such as --queue; see 'steadwork cancel --help'.")]
    [InlineData("Jobs are named by their ids or picked by options, not both.", "1", "--queue", "default")]
    public async Task It_must_be_clear_which_jobs_are_meant(string complaint, params string[] arguments)
    {
        await folder.EnqueueAsync("note");
        var ended = await folder.RunAsync(["cancel", .. arguments]);
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldBe(complaint);
        (await folder.JsonAsync("show", "1")).GetProperty("state").GetString().ShouldBe("pending");
    }

    [Theory]
    [InlineData("cancel")]
    [InlineData("retry")]
    [InlineData("delete")]
    public async Task A_word_that_is_no_id_stops_it_before_anything_changes(string verb)
    {
        await folder.EnqueueAsync("note");
        var ended = await folder.RunAsync(verb, "1", "all");
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldBe($"'all' is not the id of a job; ids are whole numbers from 1. See 'steadwork {verb} --help'.");
        (await folder.JsonAsync("show", "1")).GetProperty("state").GetString().ShouldBe("pending");
    }
}
