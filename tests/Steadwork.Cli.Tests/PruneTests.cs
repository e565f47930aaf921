using System.Text.Json;
using Shouldly;
using Steadwork.Soak.Stores;
using Steadwork.Workers;
using Xunit;

namespace Steadwork.Cli.Tests;

public abstract class PruneTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task What_ended_only_just_stays_unless_a_shorter_time_is_said()
    {
        await EndedAsync("note", "note", "mail");
        (await folder.RunAsync("prune")).Good().ShouldBe("0 jobs, 0 attempts and 0 log entries were removed.\n");
        (await folder.RunAsync("prune", "--older-than", "1h")).Good().ShouldBe("0 jobs, 0 attempts and 0 log entries were removed.\n");

        (await folder.RunAsync("prune", "--older-than", "0", "--dry-run")).Good().ShouldBe("3 jobs, 3 attempts and 0 log entries would be removed.\n");
        (await CountAsync()).ShouldBe(3);
        (await folder.RunAsync("prune", "--older-than", "0")).Good().ShouldBe("3 jobs, 3 attempts and 0 log entries were removed.\n");
        (await CountAsync()).ShouldBe(0);
        (await folder.JsonAsync("stats")).GetProperty("states").GetProperty("succeeded").GetInt64().ShouldBe(0);
    }

    [Fact]
    public async Task Options_pick_what_goes_and_the_rest_stays()
    {
        await EndedAsync("note", "note", "mail");
        await folder.EnqueueAsync("note", "--queue", "imports");
        await folder.EnqueueAsync("note", "--queue", "imports");
        (await folder.RunAsync("cancel", "4")).Good();

        Removed(await folder.JsonAsync("prune", "--older-than", "0", "--state", "failed")).ShouldBe((0, 0));
        Removed(await folder.JsonAsync("prune", "--older-than", "0", "--type", "mail")).ShouldBe((1, 1));
        Removed(await folder.JsonAsync("prune", "--older-than", "0", "--queue", "imports", "--state", "succeeded")).ShouldBe((0, 0));
        Removed(await folder.JsonAsync("prune", "--older-than", "0", "--queue", "imports")).ShouldBe((1, 0));
        (await folder.JsonAsync("list")).EnumerateArray().Select(job => job.GetProperty("id").GetInt64()).ShouldBe([5, 2, 1]);
    }

    [Fact]
    public async Task Items_of_a_run_stay_unless_its_queue_is_named()
    {
        folder.Write("items", "a\nb\n");
        (await folder.RunAsync("run", "--name", "tiles", "--items", "items", "--", "true", "{}")).Status.ShouldBe(0);

        (await folder.RunAsync("prune", "--older-than", "0")).Good().ShouldStartWith("0 jobs, ");
        (await folder.RunAsync("prune", "--older-than", "0", "--type", "run")).Good().ShouldStartWith("0 jobs, ");
        var again = await folder.RunAsync("run", "--json", "--name", "tiles", "--items", "items", "--", "true", "{}");
        JsonDocument.Parse(again.Lines[^1]).RootElement.GetProperty("alreadyDone").GetInt32().ShouldBe(2);

        (await folder.RunAsync("prune", "--older-than", "0", "--queue", "run:tiles")).Good().ShouldStartWith("2 jobs, 2 attempts ");
    }

    [Fact]
    public async Task It_has_an_approved_shape_for_programs()
    {
        await EndedAsync("note");
        Approved.Json("prune-json", await folder.JsonAsync("prune", "--older-than", "0"), folder);
    }

    [Fact]
    public async Task It_goes_by_the_retention_that_a_program_has_set()
    {
        await EndedAsync("note", "mail");
        await using var store = folder.OpenStore();
        var options = new RetentionOptions { Cancelled = Timeout.InfiniteTimeSpan, Log = TimeSpan.FromDays(400) };
        options.Type("mail", TimeSpan.FromHours(6));
        await store.SetRetentionAsync(options.ToRules(), "shop 1.2", TestContext.Current.CancellationToken);

        var dry = (await folder.RunAsync("prune", "--dry-run")).Good();
        dry.ShouldStartWith("The retention set by shop 1.2, ");
        dry.ShouldMatch(@"(?m)^\s*KEPT +STATE +QUEUE +TYPE\n\s*6h +succeeded +any +mail");
        dry.ShouldContain("for ever");
        dry.ShouldContain("The log: 400d.\n");
        dry.ShouldEndWith("0 jobs, 0 attempts and 0 log entries would be removed, by the retention that shop 1.2 has set.\n");
        var json = (await folder.JsonAsync("prune", "--type", "note")).GetProperty("retention");
        json.GetProperty("by").GetString().ShouldBe("shop 1.2");
        json.GetProperty("rules").EnumerateArray().Select(rule => (rule.GetProperty("keep").GetString(), rule.GetProperty("type").GetString())).ShouldBe([("7d", "note"), (null, "note"), ("30d", "note")]);
        (await folder.RunAsync("prune", "--older-than", "0")).Good().ShouldBe("2 jobs, 2 attempts and 0 log entries were removed.\n");
    }

    [Fact]
    public async Task Unless_a_program_has_set_one_the_default_retention_is_shown()
    {
        await folder.EnqueueAsync("note");
        (await folder.RunAsync("prune", "--dry-run")).Good().ShouldStartWith("The default retention; no program has set one:\n");
    }

    [Fact]
    public async Task The_times_that_its_help_names_are_those_of_the_workers()
    {
        var options = new RetentionOptions();
        (options.Succeeded.TotalDays, options.Cancelled.TotalDays, options.Failed.TotalDays, options.ToRules().Log.TotalDays).ShouldBe((7, 7, 30, 30));
        var help = string.Join(' ', (await folder.RunAsync("prune", "--help")).Good().Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
        help.ShouldContain("unless a program has set one, 7d, and 30d for failed ones.");
        help.ShouldContain("Entries of the log go after 30 days unless");
    }

    [Theory]
    [InlineData("Only jobs that have ended are pruned: --state is one of succeeded, failed, cancelled.", "--state", "pending")]
    [InlineData("--older-than: 'soon' is not a duration; write it like 250ms, 30s, 5m, 2h, 7d or 1h30m. See 'steadwork prune --help'.", "--older-than", "soon")]
    public async Task What_makes_no_sense_is_refused(string complaint, params string[] words)
    {
        await folder.EnqueueAsync("note");
        var ended = await folder.RunAsync(["prune", .. words]);
        (ended.Status, ended.Complaint).ShouldBe((2, complaint));
    }

    private static (int Jobs, int Attempts) Removed(JsonElement json) => (json.GetProperty("jobs").GetInt32(), json.GetProperty("attempts").GetInt32());

    private async Task<int> CountAsync() => (await folder.JsonAsync("list")).GetArrayLength();

    private async Task EndedAsync(params string[] types)
    {
        foreach (var type in types)
            await folder.EnqueueAsync(type);
        (await folder.RunAsync("work", "--exec", "note=true", "--exec", "mail=true", "--drain")).Status.ShouldBe(0);
    }
}
