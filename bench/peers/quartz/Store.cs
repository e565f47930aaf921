using System.Collections.Specialized;
using System.Globalization;
using System.Text.Json;
using Quartz;
using Quartz.Impl;
using Quartz.Util;

namespace Steadwork.Peers;

/// <summary>Quartz.NET on a database.</summary>
internal sealed class Store(IScheduler scheduler, Order order) : IAsyncDisposable
{
    private const string Data = "note", Source = "jobs";
    private static readonly JobKey Template = new("note");

    /// <summary>How long it rests between looks at the store: each second at its best, which is the least it takes.</summary>
    public TimeSpan Rest => TimeSpan.FromSeconds(order.IsBest ? 1 : 30);

    public static async Task<Store> OpenAsync(Order order)
    {
        var isSqlite = order.Database == "SQLite";
        var properties = new NameValueCollection
        {
            ["quartz.threadPool.maxConcurrency"] = order.Concurrency.ToString(CultureInfo.InvariantCulture),
            ["quartz.serializer.type"] = typeof(StringsSerializer).AssemblyQualifiedName,
            ["quartz.jobStore.type"] = "Quartz.Impl.AdoJobStore.JobStoreTX, Quartz",
            ["quartz.jobStore.driverDelegateType"] = $"Quartz.Impl.AdoJobStore.{(isSqlite ? "SQLiteDelegate" : "PostgreSQLDelegate")}, Quartz",
            ["quartz.jobStore.useProperties"] = "true",
            ["quartz.jobStore.dataSource"] = Source,
            [$"quartz.dataSource.{Source}.provider"] = isSqlite ? "SQLite-Microsoft" : "Npgsql",
            [$"quartz.dataSource.{Source}.connectionString"] = Tables.ConnectionString(order),
        };
        // "Configuration Reference" in its documentation: triggers claimed in batches, within the lock.
        if (order.IsBest)
        {
            properties["quartz.scheduler.batchTriggerAcquisitionMaxCount"] = order.Concurrency.ToString(CultureInfo.InvariantCulture);
            properties["quartz.jobStore.acquireTriggersWithinLock"] = "true";
            properties["quartz.scheduler.idleWaitTime"] = "1000";
        }
        var scheduler = await new StdSchedulerFactory(properties).GetScheduler();
        if (order.IsBest && order.Work != "pickUps")
            await scheduler.AddJob(JobBuilder.Create<NoteJob>().WithIdentity(Template).StoreDurably().Build(), replace: true);
        return new Store(scheduler, order);
    }

    /// <summary>At its best, a trigger of one stored job with data of its own; by default, a job and a trigger of it each.</summary>
    public Task EnqueueAsync(int number) => order.IsBest
        ? scheduler.ScheduleJob(TriggerOf(number))
        : scheduler.ScheduleJob(JobOf(number), TriggerBuilder.Create().StartNow().Build());

    public async Task EnqueueManyAsync(int first, int jobs)
    {
        var numbers = Enumerable.Range(first, jobs);
        var all = order.IsBest
            ? new Dictionary<IJobDetail, IReadOnlyCollection<ITrigger>> { [(await scheduler.GetJobDetail(Template))!] = [.. numbers.Select(TriggerOf)] }
            : numbers.ToDictionary(JobOf, IReadOnlyCollection<ITrigger> (_) => [TriggerBuilder.Create().StartNow().Build()]);
        await scheduler.ScheduleJobs(all, replace: order.IsBest);
    }

    /// <summary>Has the scheduler work, until <see cref="RestAsync"/>.</summary>
    public Task WorkAsync(Action<Note> run)
    {
        scheduler.Context[Data] = run;
        return scheduler.Start();
    }

    public Task RestAsync() => scheduler.Standby();

    public Task<int> UnfinishedAsync() => Tables.CountAsync(order, "qrtz_triggers");

    /// <summary>What the database answers to <see cref="Order.Asked"/>, on a connection out of the pool from which the scheduler takes one for each transaction.</summary>
    public async Task<IReadOnlyDictionary<string, string>> SaidAsync()
    {
        await using var connection = DBConnectionManager.Instance.GetConnection(Source);
        await connection.OpenAsync();
        var said = new Dictionary<string, string>();
        foreach (var name in order.Asked)
            said[name] = await Tables.AnswerAsync(connection, $"{(order.Database == "SQLite" ? "PRAGMA" : "SHOW")} {name}");
        return said;
    }

    public async ValueTask DisposeAsync() => await scheduler.Shutdown(waitForJobsToComplete: true);

    private static ITrigger TriggerOf(int number) => TriggerBuilder.Create().ForJob(Template).UsingJobData(Data, Payload(number)).StartNow().Build();

    private static IJobDetail JobOf(int number) => JobBuilder.Create<NoteJob>().UsingJobData(Data, Payload(number)).Build();

    private static string Payload(int number) => JsonSerializer.Serialize(Note.Numbered(number), JsonSerializerOptions.Web);

    /// <summary>Does nothing but count.</summary>
    private sealed class NoteJob : IJob
    {
        public Task Execute(IJobExecutionContext context)
        {
            var run = (Action<Note>)context.Scheduler.Context[Data];
            run(JsonSerializer.Deserialize<Note>(context.MergedJobDataMap.GetString(Data)!, JsonSerializerOptions.Web)!);
            return Task.CompletedTask;
        }
    }
}
