using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests;

public abstract class WhyTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_job_says_every_reason_for_which_it_does_not_run()
    {
        await folder.EnqueueAsync("note", "--key", "env:prod");
        await folder.EnqueueAsync("note", "--key", "env:prod");

        (await folder.RunAsync("why", "2")).Good().ShouldBe("""
            No worker is alive that could run it.
            It waits behind the exclusive key 'env:prod', held by job 1, whose turn it is.

            """);
        (await folder.RunAsync("why", "2", "--json")).Good().ShouldStartWith("""{"id":2,"state":"waiting","reasons":[{"code":"no_worker","text":"No worker is alive that could run it."},{"code":"exclusive_key",""");
        (await folder.RunAsync("show", "2")).Good().ShouldContain("It waits behind the exclusive key 'env:prod'");
    }

    [Fact]
    public async Task A_job_that_comes_after_others_says_for_which_it_waits()
    {
        await folder.EnqueueAsync("build");
        await folder.EnqueueAsync("deploy", "--after", "1");
        await folder.EnqueueAsync("report", "--after", "1", "--after", "2", "--anyway");

        (await folder.RunAsync("why", "3")).Good().ShouldContain("It waits for job 1, which is pending, and for job 2, which is waiting.\n");
        (await folder.RunAsync("show", "3", "--json")).Good().ShouldContain("""
            "after":[{"id":1,"state":"pending"},{"id":2,"state":"waiting"}]
            """);
        await folder.RunAsync("cancel", "1");
        (await folder.RunAsync("show", "2")).Good().ShouldContain("Job 1, which it was to follow, was cancelled.");
        (await folder.RunAsync("show", "3")).Good().ShouldContain("1 cancelled, 2 cancelled\n");
        (await folder.RunAsync("why", "3", "--json")).Good().ShouldNotContain("dependency");
    }

    [Fact]
    public async Task A_job_cannot_come_after_one_that_is_not_there()
    {
        var ended = await folder.RunAsync("enqueue", "deploy", "--after", "7");
        (ended.Status, ended.Complaint).ShouldBe((2, "There is no job 7 for another one to come after; it may have been deleted. Nothing was stored."));
        (await folder.RunAsync("list", "--json")).Good().ShouldBe("[]\n");
        (await folder.RunAsync("enqueue", "deploy", "--anyway")).Complaint.ShouldBe("--anyway says that the job runs however those --after which it comes end; give those, too.");
        (await folder.RunAsync("enqueue", "deploy", "--after", "x")).Complaint.ShouldStartWith("'x' is not the id of a job; ids are whole numbers from 1.");
    }

    [Fact]
    public async Task A_job_names_the_tag_that_no_worker_has()
    {
        await folder.EnqueueAsync("note", "--requires", "large");
        await using var store = folder.OpenStore();
        await store.StartWorkerAsync(["default"], "note");

        (await folder.RunAsync("why", "1", "--json")).Good().ShouldBe("""{"id":1,"state":"pending","reasons":[{"code":"no_worker","text":"No live worker that could run it has the tag 'large'."}]}""" + "\n");
        (await folder.RunAsync("show", "1")).Good().ShouldMatch("(?m)^  requires +large$");
    }

    [Fact]
    public async Task One_that_has_ended_says_so()
    {
        await folder.EnqueueAsync("note");
        await folder.RunAsync("cancel", "1");
        (await folder.RunAsync("why", "1")).Good().ShouldStartWith("It has been cancelled: ");
        (await folder.RunAsync("why", "1", "--json")).Good().ShouldBe("{\"id\":1,\"state\":\"cancelled\",\"reasons\":[]}\n");
    }

    [Fact]
    public async Task One_that_is_not_there_is_refused()
    {
        await folder.EnqueueAsync("note");
        var ended = await folder.RunAsync("why", "7");
        (ended.Status, ended.Complaint).ShouldBe((2, "There is no job 7."));
    }
}
