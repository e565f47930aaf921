using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests;

/// <summary>A server that cannot be used is explained in one line, without the password, and nothing is left half done.</summary>
public sealed class PostgreSqlStoreTests : IDisposable
{
    private readonly CliFolder folder = CliFolder.On<PostgreSqlSchema>();

    public void Dispose() => folder.Dispose();

    private string Schema => ((PostgreSqlSchema)folder.Store).Name;

    private static string Database => PostgreSqlSchema.Server.AbsolutePath[1..];

    private string Place => $"{PostgreSqlSchema.Server.Authority}/{Database}, schema {Schema}";

    private string UrlWith(Action<UriBuilder> change)
    {
        var url = new UriBuilder(folder.Store.Url);
        change(url);
        return url.ToString();
    }

    /// <summary>A verb that reads, one that makes a store where there is none, and a worker: all say the same.</summary>
    private async Task ShouldBeRefusedAsync(string url, int status, string complaint)
    {
        foreach (var verb in new string[][] { ["list"], ["enqueue", "note"], ["work", "--exec", "note=true", "--drain"] })
        {
            var ended = await folder.RunAsync(["--store", url, .. verb]);
            ended.Status.ShouldBe(status, ended.Error);
            ended.Output.ShouldBeEmpty();
            ended.Complaint.ShouldBe(complaint);
        }
    }

    [Theory]
    [InlineData("list")]
    [InlineData("show", "1")]
    [InlineData("wait", "1")]
    [InlineData("cancel", "1")]
    [InlineData("retry", "1")]
    [InlineData("delete", "1")]
    [InlineData("stats")]
    [InlineData("workers", "list")]
    public async Task A_store_that_is_missing_stays_missing(params string[] arguments)
    {
        var ended = await folder.RunAsync(arguments);
        ended.Status.ShouldBe(3);
        ended.Output.ShouldBeEmpty();
        ended.Complaint.ShouldBe($"There is no store at {Place}.");
        folder.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("--store: The address of the PostgreSQL server cannot be read; write it like postgres://user@host:5432/database.", "postgres://user:secret@host:port/database")]
    [InlineData("--store: The address of the PostgreSQL server cannot be read; write it like postgres://user@host:5432/database.", "postgres://user:sec/ret@host/database")]
    [InlineData("--store: The address of the PostgreSQL server cannot be read; write it like postgres://user@host:5432/database.", "postgres://user:secret@host:99999999999/database")]
    [InlineData("--store: The address of the PostgreSQL server cannot be read; write it like postgres://user@host:5432/database.", "postgresql://user:secret@host/database?nonsense=1")]
    [InlineData("--store is not the URL of a PostgreSQL server; write it like postgres://user@host:5432/database.", "postgres:user:secret@host/database")]
    [InlineData("'a\"b' is no name of a schema; it needs 1 to 63 bytes of UTF-8, no control character, quote or backslash among them.", "postgres://user:secret@127.0.0.1:1/database?schema=a%22b")]
    public Task A_url_that_cannot_be_read_is_refused(string complaint, string url) => ShouldBeRefusedAsync(url, 2, complaint);

    [Fact]
    public Task A_server_that_cannot_be_reached() =>
        ShouldBeRefusedAsync("postgres://user:secret@127.0.0.1:1/jobs", 3, "The store at 127.0.0.1:1/jobs, schema steadwork cannot be reached: Connection refused.");

    [Fact]
    public async Task A_run_finds_the_server_unreachable_before_it_begins()
    {
        var ended = await folder.RunWithAsync("a\n", "run", "--store", "postgres://user:secret@127.0.0.1:1/jobs", "--", "touch", folder.File("ran"));
        ended.Status.ShouldBe(3);
        ended.Output.ShouldBeEmpty();
        ended.Complaint.ShouldBe("The store at 127.0.0.1:1/jobs, schema steadwork cannot be reached: Connection refused.");
        folder.ShouldBeEmpty();
    }

    [Fact]
    public Task A_database_that_is_not_there() =>
        ShouldBeRefusedAsync(UrlWith(url => url.Path = "/no-such-database"), 3,
            $"The store at {PostgreSqlSchema.Server.Authority}/no-such-database, schema {Schema} cannot be used: database \"no-such-database\" does not exist.");

    [Fact]
    public async Task A_store_of_a_newer_version_is_left_alone()
    {
        await folder.EnqueueAsync("note");
        PostgreSqlSchema.Execute($"UPDATE {Schema}.schema_version SET version = 9999");
        await ShouldBeRefusedAsync(folder.Store.Url, 3, $"The store at {Place} has schema version 9999; this program knows versions up to 1. Use a newer Steadwork.");
        PostgreSqlSchema.Execute($"UPDATE {Schema}.schema_version SET version = 1");
        (await folder.JsonAsync("list")).GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task What_the_server_and_the_store_are_in_is_told_and_the_status_says_what_is_broken()
    {
        await folder.EnqueueAsync("note");
        var checks = (await folder.JsonAsync("doctor")).GetProperty("checks").EnumerateArray()
            .ToDictionary(check => check.GetProperty("name").GetString()!, check => (check.GetProperty("result").GetString(), check.GetProperty("text").GetString()));
        checks.Keys.ShouldBe(["server", "durability", "clock", "connections", "indexes", "snapshot", "dead rows", "replicas"]);
        checks["server"].Item2!.ShouldStartWith("PostgreSQL ");
        checks["indexes"].ShouldBe(("pass", "All indexes are there."));

        PostgreSqlSchema.Execute($"DROP INDEX {Schema}.jobs_due");
        var ended = await folder.RunAsync("doctor");
        ended.Status.ShouldBe(1, ended.Error);
        ended.Output.ShouldContain("fail  indexes      Missing or not valid: jobs_due. Make them again as the migrations do; without them claims scan.\n");
    }

    [Fact]
    public async Task A_role_that_may_not_make_a_schema_is_told_so()
    {
        PostgreSqlSchema.Execute($"CREATE ROLE {Schema} LOGIN PASSWORD 'secret'");
        try
        {
            var ended = await folder.RunAsync("enqueue", "note", "--store", UrlWith(url => (url.UserName, url.Password) = (Schema, "secret")));
            ended.Status.ShouldBe(3);
            ended.Output.ShouldBeEmpty();
            ended.Complaint.ShouldBe($"The store at {Place} may not be used: permission denied for database {Database}. Grant this role what it needs, or use another.");
            folder.ShouldBeEmpty();
        }
        finally
        {
            PostgreSqlSchema.Execute($"DROP ROLE {Schema}");
        }
    }

    [Fact]
    public async Task A_role_that_may_not_use_the_schema_is_told_so()
    {
        await folder.EnqueueAsync("note");
        PostgreSqlSchema.Execute($"CREATE ROLE {Schema} LOGIN PASSWORD 'secret'");
        try
        {
            await ShouldBeRefusedAsync(UrlWith(url => (url.UserName, url.Password) = (Schema, "secret")), 3,
                $"The store at {Place} may not be used: permission denied for schema {Schema}. Grant this role what it needs, or use another.");
        }
        finally
        {
            PostgreSqlSchema.Execute($"DROP ROLE {Schema}");
        }
        (await folder.JsonAsync("list")).GetArrayLength().ShouldBe(1);
    }
}
