using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace Steadwork.Cli.Tests;

public sealed class DoctorTests : IDisposable
{
    private readonly CliFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_store_in_good_order_passes()
    {
        await folder.EnqueueAsync("note");
        var checks = await folder.JsonAsync("doctor");
        checks.GetProperty("ok").GetBoolean().ShouldBeTrue();
        checks.GetProperty("checks").EnumerateArray().Select(check => check.GetProperty("name").GetString()).ShouldBe(["integrity", "indexes", "durability", "log", "room"]);
        (await folder.RunAsync("doctor")).Good().ShouldStartWith("pass  integrity    The file is whole.\n");
    }

    [Fact]
    public async Task What_is_broken_is_told_and_the_status_says_so()
    {
        await folder.EnqueueAsync("note");
        await using (var connection = new SqliteConnection($"Data Source={folder.File("steadwork.db")};Pooling=False"))
        {
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using var drop = connection.CreateCommand();
            drop.CommandText = "DROP INDEX jobs_due";
            await drop.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
        var ended = await folder.RunAsync("doctor");
        ended.Status.ShouldBe(1);
        ended.Output.ShouldContain("fail  indexes      Missing: jobs_due. Make them again as the migrations do; without them claims scan.\n");
    }
}
