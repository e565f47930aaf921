using System.Data.Common;

namespace Steadwork.Tests;

/// <summary>The calls of README.md, as it writes them: what it shows must compile. That they are the same is looked at by <see cref="ArchitectureTests"/>.</summary>
internal static class ReadmeCalls
{
    public static void Configure(SteadworkBuilder program) => program
        .AddSchedule("tidy-up", "0 3 * * MON-FRI", new TidyUp(days: 30), s => { s.TimeZone = "Europe/Berlin"; s.Overlap = Overlap.Skip; })
        .AddSchedule("poll-mail", TimeSpan.FromMinutes(5), new PollMail())
        .AddBreaker("smtp", b => { b.FailureRatio = 0.5; b.BreakTime = TimeSpan.FromSeconds(30); })
        .AddHandler<SendMail, SendMailHandler>("send-mail", o => o.DependsOn.Add("smtp"))
        .AddWorker(w => { w.QueuesByWeight(("builds", 3), ("deployments", 1)); w.Ageing = TimeSpan.FromMinutes(1); })
        .AddWorker(w => w.Tags = ["gpu", "region:eu"])
        .UsePostgreSql("postgres://app@db.example/app");

    public static async Task EnqueueAsync(JobQueue jobs, DbConnection connection, string order, string build, string day, string text, string commit, string[] photos, string album, string scene)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await InsertOrderAsync(connection, transaction);
        await jobs.EnqueueAsync(new SendMail(order), transaction);
        await transaction.CommitAsync();

        await jobs.EnqueueAsync(new Deploy(build), o => o.ExclusiveKey = "env:prod");
        await jobs.EnqueueAsync(new Report(day), o => { o.UniqueKey = $"report:{day}"; o.UniqueFor = TimeSpan.FromDays(1); });
        await jobs.EnqueueAsync(new Reindex(text), o => { o.UniqueKey = "reindex"; o.Delay = TimeSpan.FromSeconds(5); o.WhenTaken = WhenTaken.Replace; });

        await jobs.EnqueueAsync(new Workflow()
            .Add("build", new Build(commit))
            .Add("test", new Test(commit), "build")
            .Add("deploy", new Deploy(commit), o => o.ExclusiveKey = "env:prod", "build", "test"));

        var batch = await jobs.EnqueueAsync(new JobBatch("photos").AddMany(photos).Then(new Publish(album)));
        var now = (await jobs.BatchAsync(batch.Id))!;
        _ = now.Counts.Failed + now.Unfinished;

        await jobs.EnqueueAsync(new Render(scene), o => o.Requires = ["gpu"]);
    }

    private static Task InsertOrderAsync(DbConnection connection, DbTransaction transaction) => Task.FromResult((connection, transaction));

    private sealed record SendMail(string Order);

    private sealed record Deploy(string Build);

    private sealed record Report(string Day);

    private sealed record Reindex(string Text);

    private sealed record Build(string Commit);

    private sealed record Test(string Commit);

    private sealed record Publish(string Album);

    private sealed record Render(string Scene);

    private sealed record PollMail;

    private sealed class TidyUp(int days)
    {
        public int Days => days;
    }

    private sealed class SendMailHandler : IJobHandler<SendMail>
    {
        public Task HandleAsync(SendMail job, JobContext context) => Task.FromResult(job.Order);
    }
}
