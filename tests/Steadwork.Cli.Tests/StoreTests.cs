using Shouldly;
using Xunit;

namespace Steadwork.Cli.Tests;

public sealed class StoreTests : IDisposable
{
    private readonly CliFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("list")]
    [InlineData("show", "1")]
    [InlineData("wait", "1")]
    [InlineData("cancel", "1")]
    [InlineData("retry", "1")]
    [InlineData("delete", "1")]
    [InlineData("stats")]
    [InlineData("prune")]
    [InlineData("workers", "list")]
    public async Task A_store_that_is_missing_stays_missing(params string[] arguments)
    {
        var ended = await folder.RunAsync(arguments);
        ended.Status.ShouldBe(3);
        ended.Output.ShouldBeEmpty();
        ended.Complaint.ShouldBe($"There is no store at '{folder.File("steadwork.db")}'; give its place with --store sqlite:PATH or $STEADWORK_STORE.");
        folder.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(2, "--store 'jobs.db' is not the URL of a store; write it like sqlite:PATH or postgres://user@host/database, for example sqlite:steadwork.db.", "jobs.db")]
    [InlineData(2, "--store 'sqlite:' names no file; write it like sqlite:steadwork.db.", "sqlite:")]
    [InlineData(3, "There is no directory '<folder>/none' for the store; make it first, or give another --store.", "sqlite:none/jobs.db")]
    [InlineData(3, "'<folder>' is a directory, not a store; give the path of a file.", "sqlite:.")]
    public async Task A_store_that_cannot_be_opened_is_explained(int status, string complaint, string url)
    {
        foreach (var verb in new[] { "list", "enqueue note" })
        {
            var ended = await folder.RunAsync(["--store", url, .. verb.Split(' ')]);
            ended.Status.ShouldBe(status);
            ended.Complaint.ShouldBe(complaint.Replace("<folder>", folder.Path));
        }
        folder.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("sqlite:jobs.db", "pass")]
    [InlineData("sqlite:jobs.db?synchronous=normal", "warn")]
    public async Task Commits_of_a_store_in_a_file_wait_for_the_disk_unless_its_URL_says_otherwise(string url, string durability)
    {
        (await folder.RunAsync("enqueue", "note", "--store", url)).Status.ShouldBe(0);
        File.Exists(folder.File("jobs.db")).ShouldBeTrue();
        var checks = (await folder.JsonAsync("doctor", "--store", url)).GetProperty("checks").EnumerateArray();
        checks.Single(check => check.GetProperty("name").GetString() == "durability").GetProperty("result").GetString().ShouldBe(durability);
    }

    [Fact]
    public async Task A_file_that_is_not_ours_is_left_alone()
    {
        var path = folder.Write("notes.txt", "my notes");
        foreach (var verb in new[] { "list", "enqueue note" })
        {
            var ended = await folder.RunAsync(["--store", "sqlite:notes.txt", .. verb.Split(' ')]);
            ended.Status.ShouldBe(3);
            ended.Complaint.ShouldContain("is not a Steadwork store");
        }
        File.ReadAllText(path).ShouldBe("my notes");
    }

    [Fact]
    public async Task The_database_is_for_its_owner_only()
    {
        await folder.EnqueueAsync("note");
        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(folder.File("steadwork.db")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task The_environment_names_the_store_and_the_option_overrules_it()
    {
        foreach (var arguments in new string[][] { ["enqueue", "note"], ["enqueue", "note", "--store=sqlite:option.db"] })
            (await folder.CallAsync(arguments, null, ("STEADWORK_STORE", "sqlite:environment.db"))).Good().ShouldBe("1\n");
        File.Exists(folder.File("environment.db")).ShouldBeTrue();
        File.Exists(folder.File("option.db")).ShouldBeTrue();
        File.Exists(folder.File("steadwork.db")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_bad_url_in_the_environment_is_blamed_on_the_environment()
    {
        (await folder.CallAsync(["list"], null, ("STEADWORK_STORE", "jobs.db"))).Complaint.ShouldStartWith("$STEADWORK_STORE 'jobs.db' is not the URL of a store");
    }

    [Fact]
    public async Task The_stack_trace_comes_only_when_it_is_asked_for()
    {
        (await folder.RunAsync("list")).Error.ShouldNotContain("   at ");
        (await folder.RunAsync("list", "--verbose")).Error.ShouldContain("   at ");
    }
}
