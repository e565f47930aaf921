using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests;

public abstract class QueuesTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_paused_queue_is_shown_as_such_and_drains_to_nothing_until_it_is_resumed()
    {
        await folder.EnqueueAsync("note", "--queue", "imports");
        (await folder.RunAsync("queues", "pause", "imports")).Good().ShouldBe("The queue imports is paused.\n");
        (await folder.RunAsync("queues", "pause", "imports")).Good().ShouldBe("The queue imports was paused already.\n");

        (await folder.RunAsync("work", "--queues", "imports", "--exec", "note=true", "--drain")).Status.ShouldBe(0);
        (await folder.JsonAsync("show", "1")).GetProperty("state").GetString().ShouldBe("pending");
        (await folder.JsonAsync("queues", "list"))[0].GetProperty("paused").GetBoolean().ShouldBeTrue();
        (await folder.JsonAsync("stats")).GetProperty("queues")[0].GetProperty("paused").GetBoolean().ShouldBeTrue();
        (await folder.RunAsync("queues", "list")).Good().ShouldMatch($"The queue imports is paused since .*, by {Environment.UserName} on the command line.");

        (await folder.RunAsync("queues", "resume", "imports", "--json")).Good().ShouldBe("{\"queue\":\"imports\",\"changed\":true}\n");
        (await folder.RunAsync("work", "--queues", "imports", "--exec", "note=true", "--drain")).Status.ShouldBe(0);
        (await folder.JsonAsync("show", "1")).GetProperty("state").GetString().ShouldBe("succeeded");
    }

    [Fact]
    public async Task A_type_can_be_paused_as_well()
    {
        await folder.EnqueueAsync("note");
        (await folder.RunAsync("queues", "pause", "--type", "mail")).Good().ShouldBe("The job type mail is paused.\n");
        (await folder.RunAsync("work", "--exec", "note=true", "--exec", "mail=true", "--drain")).Status.ShouldBe(0);

        (await folder.JsonAsync("show", "1")).GetProperty("state").GetString().ShouldBe("succeeded");
        (await folder.JsonAsync("stats")).GetProperty("types")[0].GetProperty("paused").GetBoolean().ShouldBeTrue();
        (await folder.RunAsync("queues", "resume", "--type", "note")).Good().ShouldBe("The job type note was not paused.\n");
    }

    [Theory]
    [InlineData("Say which: a QUEUE, or --type with a job type.", "queues", "pause")]
    [InlineData("A QUEUE and --type are two things; pause or resume one at a time.", "queues", "resume", "a", "--type", "b")]
    [InlineData("The queue begins or ends with white space.", "queues", "pause", " a")]
    public async Task What_makes_no_sense_is_refused(string complaint, params string[] words)
    {
        await folder.EnqueueAsync("note");
        var ended = await folder.RunAsync(words);
        (ended.Status, ended.Complaint).ShouldBe((2, complaint));
    }
}
