using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Tests.Enqueue;

/// <summary>Jobs that are enqueued together, with names and edges.</summary>
public sealed class WorkflowTests : IAsyncDisposable
{
    private sealed record Step(string Name);

    private readonly ServiceProvider services = new ServiceCollection()
        .AddSteadwork(steadwork => steadwork.UseInMemory().AddJobType<Step>("step"))
        .BuildServiceProvider();

    private JobQueue Queue => services.GetRequiredService<JobQueue>();

    [Fact]
    public async Task Each_job_comes_after_those_that_it_names_in_whatever_order_they_are_added()
    {
        var ids = await Queue.EnqueueAsync(
            new Workflow()
                .Add("deploy", new Step("deploy"), o => o.ExclusiveKey = "env:prod", "test", "lint")
                .Add("test", new Step("test"), "build")
                .Add("lint", new Step("lint"), "build")
                .Add("build", new Step("build")),
            TestContext.Current.CancellationToken);

        ids.Keys.ShouldBe(["build", "test", "lint", "deploy"]);
        (await ParentsOfAsync(ids["build"])).ShouldBeEmpty();
        (await ParentsOfAsync(ids["test"])).ShouldBe([ids["build"]]);
        (await ParentsOfAsync(ids["deploy"])).ShouldBe([ids["test"], ids["lint"]]);
        (await Queue.WhyAsync(ids["deploy"], TestContext.Current.CancellationToken))!.ShouldContain(reason => reason.Code == "dependency");
    }

    [Fact]
    public async Task A_workflow_may_come_after_jobs_that_are_there_already()
    {
        var before = await Queue.EnqueueAsync(new Step("before"), cancellationToken: TestContext.Current.CancellationToken);

        var ids = await Queue.EnqueueAsync(new Workflow().Add("a", new Step("a"), o => o.After.Add(before)).Add("b", new Step("b"), "a"), TestContext.Current.CancellationToken);

        (await ParentsOfAsync(ids["a"])).ShouldBe([before]);
    }

    public static TheoryData<string, Workflow> Refused => new()
    {
        { "The workflow goes round in a circle: a → b → a.", new Workflow().Add("a", new Step("a"), "b").Add("b", new Step("b"), "a") },
        { "The workflow goes round in a circle: a → a.", new Workflow().Add("a", new Step("a"), "a") },
        { "The workflow goes round in a circle: d → b → c → d.", new Workflow().Add("a", new Step("a"), "d").Add("b", new Step("b"), "d").Add("c", new Step("c"), "b").Add("d", new Step("d"), "c") },
        { "The job 'a' of the workflow comes after 'x', which it does not have.", new Workflow().Add("a", new Step("a"), "x") },
        { "Two jobs of the workflow bear the unique key 'k'; only one of them could be stored.", new Workflow().Add("a", new Step("a"), o => o.UniqueKey = "k").Add("b", new Step("b"), o => o.UniqueKey = "k") },
        { "Priority 0 is out of range; it goes from 1 (first) to 1000.", new Workflow().Add("a", new Step("a")).Add("b", new Step("b"), o => o.Priority = 0) },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_cannot_run_is_refused_and_nothing_is_stored(string sentence, Workflow workflow)
    {
        var error = await Should.ThrowAsync<ArgumentException>(Queue.EnqueueAsync(workflow, TestContext.Current.CancellationToken));

        error.Message.ShouldBe(sentence);
        (await services.GetRequiredService<IStore>().FindAsync(new JobQuery(), TestContext.Current.CancellationToken)).ShouldBeEmpty();
    }

    [Fact]
    public void Two_jobs_cannot_have_one_name() =>
        Should.Throw<ArgumentException>(() => new Workflow().Add("a", new Step("a")).Add("a", new Step("b"))).Message
            .ShouldBe("Two jobs of the workflow are named 'a'; each needs a name of its own.");

    private async Task<IEnumerable<JobId>> ParentsOfAsync(JobId job) =>
        (await services.GetRequiredService<IStore>().StandingAsync(job, TestContext.Current.CancellationToken))!.Parents.Select(parent => parent.Job);

    public ValueTask DisposeAsync() => services.DisposeAsync();
}
