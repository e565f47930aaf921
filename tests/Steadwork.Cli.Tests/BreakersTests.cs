using Shouldly;
using Steadwork.Soak.Stores;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Cli.Tests;

public abstract class BreakersTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_breaker_is_shown_opened_and_closed()
    {
        await StartWorkerAsync();
        (await folder.RunAsync("breakers", "list")).Good().ShouldMatch("^BREAKER +STATE +SINCE +UNTIL +CALLS +FAILED +JOB TYPES\nsmtp +closed +.+ +0 +0 +send-mail\n$");
        (await folder.RunAsync("breakers", "open", "smtp")).Good().ShouldBe("The breaker smtp is open until it is closed.\n");
        (await folder.RunAsync("breakers", "open", "smtp")).Good().ShouldBe("The breaker smtp was open already.\n");
        var breaker = (await folder.JsonAsync("breakers", "list"))[0];
        (breaker.GetProperty("name").GetString(), breaker.GetProperty("state").GetString(), breaker.GetProperty("until").ValueKind, breaker.GetProperty("types")[0].GetString()).ShouldBe(
            ("smtp", "open", System.Text.Json.JsonValueKind.Null, "send-mail"));

        var job = await folder.EnqueueAsync("send-mail");
        (await folder.JsonAsync("why", job.ToString())).GetProperty("reasons").EnumerateArray().Select(reason => reason.GetProperty("code").GetString()).ShouldContain("breaker");
        (await folder.RunAsync("breakers", "close", "smtp", "--json")).Good().ShouldBe("{\"breaker\":\"smtp\",\"changed\":true}\n");
        (await folder.RunAsync("breakers", "close", "smtp")).Good().ShouldBe("The breaker smtp was closed already.\n");
    }

    [Fact]
    public async Task One_that_is_not_there_is_said_to_be_so()
    {
        await folder.EnqueueAsync("note");
        (await folder.RunAsync("breakers", "list")).Good().ShouldBe("There are no breakers.\n");
        var ended = await folder.RunAsync("breakers", "open", "smtp");
        (ended.Status, ended.Complaint).ShouldBe((2, "There is no breaker 'smtp'; steadwork breakers list shows those that there are."));
    }

    private async Task StartWorkerAsync()
    {
        await using var store = folder.OpenStore();
        var start = new WorkerStart("tester", ["default"], ["send-mail"], 10, TimeSpan.FromMinutes(10)) { Breakers = [new BreakerDefinition("smtp")], TypeBreakers = [new TypeBreakers("send-mail", ["smtp"])] };
        var worker = await store.StartWorkerAsync(start, TestContext.Current.CancellationToken);
        await store.EndWorkerAsync(worker.Id, TestContext.Current.CancellationToken);
    }
}
