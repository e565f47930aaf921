using System.Text.Json;
using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests;

public abstract class LimitsTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_limit_is_set_shown_and_taken_away()
    {
        (await folder.RunAsync("limits", "set", "100/1m", "--type", "send-mail")).Good().ShouldBe("The job type send-mail is limited to 100 in 1m.\n");
        (await folder.RunAsync("limits", "set", "100/1m", "--type", "send-mail")).Good().ShouldBe("The job type send-mail was limited to 100 in 1m already.\n");
        (await folder.RunAsync("limits", "set", "5/s", "--queue", "scraping", "--smooth", "--json")).Good().ShouldBe("{\"queue\":\"scraping\",\"changed\":true}\n");
        (await folder.RunAsync("limits", "set", "10/1h", "--key", "customer:*")).Good().ShouldBe("The key customer:* is limited to 10 in 1h.\n");

        (await folder.RunAsync("limits", "list")).Lines.Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(8))).ShouldBe(
        [
            "FOR NAME RATE LEFT MORE SET BY SINCE",
            $"key customer:* 10 in 1h each {Environment.UserName} on",
            "queue scraping 5 in 1s, evenly spread 1",
            $"job type send-mail 100 in 1m 100 {Environment.UserName}",
        ]);
        var limits = await folder.JsonAsync("limits", "list");
        limits.EnumerateArray().Select(limit => $"{limit.GetProperty("scope")} {limit.GetProperty("name")} {limit.GetProperty("starts")} {limit.GetProperty("period")} {limit.GetProperty("smooth")} {limit.GetProperty("left").ValueKind}").ShouldBe(
            [$"key customer:* 10 1h False {JsonValueKind.Null}", $"queue scraping 5 1s True {JsonValueKind.Number}", $"type send-mail 100 1m False {JsonValueKind.Number}"]);

        (await folder.RunAsync("limits", "remove", "--type", "send-mail")).Good().ShouldBe("The job type send-mail is not limited any more.\n");
        (await folder.RunAsync("limits", "remove", "--type", "send-mail")).Good().ShouldBe("The job type send-mail was not limited.\n");
    }

    [Fact]
    public async Task What_it_holds_back_stays_pending_and_why_says_until_when()
    {
        await folder.RunAsync("limits", "set", "1/1h", "--queue", "default");
        await folder.EnqueueAsync("note");
        await folder.EnqueueAsync("note");
        using var worker = folder.Start("work", "--exec", "note=true");
        (await folder.RunAsync("wait", "1")).Status.ShouldBe(0);

        (await folder.JsonAsync("show", "2")).GetProperty("state").GetString().ShouldBe("pending");
        (await folder.RunAsync("why", "2")).Good().ShouldMatch("^The queue 'default' is limited to 1 start in 1 hour: the next may begin at .* UTC.\n$");
        (await folder.RunAsync("limits", "remove", "--queue", "default")).Status.ShouldBe(0);
        (await folder.RunAsync("wait", "2")).Status.ShouldBe(0);
    }

    [Theory]
    [InlineData("Say for what: give --queue, --type or --key.", "set", "1/1m")]
    [InlineData("--queue, --type and --key are limits of their own; give one of them.", "remove", "--queue", "a", "--type", "b")]
    [InlineData("'fast' is not a rate; write it like 100/1m, that is how many in what time.", "set", "fast", "--queue", "a")]
    [InlineData("'5/often' is not a rate; write it like 100/1m, that is how many in what time.", "set", "5/often", "--queue", "a")]
    [InlineData("0 starts is out of range; it goes from 1 to 1,000,000.", "set", "0/1m", "--queue", "a")]
    public async Task What_makes_no_sense_is_refused(string complaint, params string[] words)
    {
        var ended = await folder.RunAsync(["limits", .. words]);
        (ended.Status, ended.Complaint).ShouldBe((2, complaint));
        folder.ShouldHaveNoStore();
    }
}
