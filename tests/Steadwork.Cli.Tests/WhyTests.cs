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
