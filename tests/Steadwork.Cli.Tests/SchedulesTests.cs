using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests;

public abstract class SchedulesTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_schedule_is_added_shown_triggered_paused_and_removed()
    {
        (await folder.RunAsync("schedules", "add", "nightly", "--cron", "0 3 * * *", "--zone", "Europe/Berlin", "tidy-up", "{\"days\":30}", "--overlap", "skip", "--missed", "all", "--queue", "q", "--tag", "t"))
            .Good().ShouldMatch("^The schedule nightly ticks at \\d{4}-\\d\\d-\\d\\d 0[12]:00:00 UTC, in .*\\.\n$");
        (await folder.RunAsync("schedules", "list")).Good().ShouldMatch("(?s)^SCHEDULE +WHEN +ZONE +NEXT .*nightly +0 3 \\* \\* \\* +Europe/Berlin +in .* tidy-up +.* on the command line\n$");

        (await folder.RunAsync("schedules", "trigger", "nightly")).Good().ShouldBe("1\n");
        (await folder.RunAsync("schedules", "trigger", "nightly", "--json")).Good().ShouldBe("{\"id\":1,\"existing\":true}\n", "a tick is skipped while the last job has not ended");
        var job = await folder.JsonAsync("show", "1");
        (job.GetProperty("type").GetString(), job.GetProperty("queue").GetString(), job.GetProperty("payload").ToString(), job.GetProperty("tags").ToString()).ShouldBe(("tidy-up", "q", "{\"days\":30}", "[\"t\",\"schedule:nightly\"]"));

        (await folder.RunAsync("schedules", "pause", "nightly")).Good().ShouldBe("The schedule nightly is paused.\n");
        (await folder.RunAsync("schedules", "pause", "nightly", "--json")).Good().ShouldBe("{\"schedule\":\"nightly\",\"changed\":false}\n");
        var listed = (await folder.JsonAsync("schedules", "list"))[0];
        (listed.GetProperty("paused").GetBoolean(), listed.GetProperty("lastJob").GetInt64(), listed.GetProperty("cron").GetString(), listed.GetProperty("missed").GetString()).ShouldBe((true, 1, "0 3 * * *", "all"));
        (await folder.RunAsync("schedules", "resume", "nightly")).Good().ShouldBe("The schedule nightly goes on.\n");
        (await folder.RunAsync("schedules", "remove", "nightly")).Good().ShouldBe("The schedule nightly is removed.\n");
        (await folder.RunAsync("schedules", "list")).Good().ShouldBe("There are no schedules.\n");
        (await folder.JsonAsync("show", "1")).GetProperty("state").GetString().ShouldBe("pending");
    }

    [Fact]
    public async Task A_worker_has_it_tick()
    {
        await folder.RunAsync("schedules", "add", "often", "--every", "1s", "note");
        await using var store = folder.OpenStore();
        using (var worker = folder.Start("work", "--exec", "note=true"))
            await Waiting.UntilAsync(() => store.StatisticsAsync(TestContext.Current.CancellationToken).Result.Lanes.Sum(lane => lane.Counts.Succeeded) >= 3);

        var ticks = (await folder.JsonAsync("list", "--tag", "schedule:often")).EnumerateArray().Select(job => job.GetProperty("runAt").GetDateTimeOffset()).Order().ToList();
        ticks.Zip(ticks.Skip(1)).ShouldAllBe(pair => pair.Second - pair.First >= TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task It_says_how_late_a_tick_may_be_and_how_its_jobs_share_a_key_and_expire()
    {
        await folder.RunAsync("schedules", "add", "poll", "--every", "5m", "note", "--grace", "10s", "--key", "inbox", "--key-limit", "2", "--expires-in", "1m");
        var listed = (await folder.JsonAsync("schedules", "list"))[0];
        (listed.GetProperty("grace").GetString(), listed.GetProperty("expiresIn").GetString()).ShouldBe(("10s", "1m"));

        await folder.RunAsync("schedules", "trigger", "poll");
        var job = await folder.JsonAsync("show", "1");
        (job.GetProperty("exclusiveKey").GetString(), job.GetProperty("expiresAt").GetDateTimeOffset() - job.GetProperty("createdAt").GetDateTimeOffset()).ShouldBe(("inbox", TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public async Task Another_takes_its_place_only_when_asked_to()
    {
        await folder.RunAsync("schedules", "add", "poll", "--every", "5m", "note");
        var again = await folder.RunAsync("schedules", "add", "poll", "--every", "6m", "note");
        (again.Status, again.Complaint).ShouldBe((2, "There is a schedule 'poll' already; give --replace to have this one in its place."));
        (await folder.RunAsync("schedules", "add", "poll", "--every", "6m", "note", "--replace", "--json")).Good().ShouldStartWith("{\"name\":\"poll\",\"next\":\"");
        (await folder.JsonAsync("schedules", "list"))[0].GetProperty("every").GetString().ShouldBe("6m");
    }

    [Theory]
    [InlineData("Say when it ticks: give --cron with a line, or --every with a duration.", "add", "x", "note")]
    [InlineData("--cron and --every both say when it ticks; give one of them.", "add", "x", "note", "--every", "5m", "--cron", "@daily")]
    [InlineData("--zone is that of a --cron line; with --every leave it out.", "add", "x", "note", "--every", "5m", "--zone", "UTC")]
    [InlineData("'61' is no minute; minutes go from 0 to 59.", "add", "x", "note", "--cron", "61 * * * *")]
    [InlineData("This machine knows no time zone 'Mars/Olympus'; it is UTC, or a name of the IANA database such as Europe/Berlin, for which the machine must have that database (often the package tzdata).", "add", "x", "note", "--cron", "@daily", "--zone", "Mars/Olympus")]
    [InlineData("The grace of a schedule is from zero to 1 day.", "add", "x", "note", "--every", "5m", "--grace", "2d")]
    [InlineData("An exclusive limit says how many jobs with the same exclusive key may run at once; give the job an exclusive key, too.", "add", "x", "note", "--every", "5m", "--key-limit", "2")]
    [InlineData("An interval of 00:00:00.5000000 is too short for a schedule; it is at least 1 second.", "add", "x", "note", "--every", "500ms")]
    [InlineData("--overlap: 'never' is not one of start, skip, wait. See 'steadwork schedules add --help'.", "add", "x", "note", "--every", "5m", "--overlap", "never")]
    [InlineData("The schedule's name is empty; it needs 1 to 200 characters.", "add", "", "note", "--every", "5m")]
    [InlineData("There is no schedule 'x'; steadwork schedules list shows those that there are.", "trigger", "x")]
    [InlineData("There is no schedule 'x'; steadwork schedules list shows those that there are.", "remove", "x")]
    [InlineData("There is no schedule 'x'; steadwork schedules list shows those that there are.", "resume", "x")]
    public async Task What_makes_no_sense_is_refused(string complaint, params string[] words)
    {
        await folder.EnqueueAsync("note");
        var ended = await folder.RunAsync(["schedules", .. words]);
        (ended.Status, ended.Complaint).ShouldBe((2, complaint));
        (await folder.RunAsync("schedules", "list", "--json")).Good().ShouldBe("[]\n");
    }
}
