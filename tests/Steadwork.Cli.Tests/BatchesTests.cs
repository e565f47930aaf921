using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests;

public abstract class BatchesTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Lines_become_a_batch_that_is_shown_worked_through_and_followed()
    {
        var file = folder.Write("notes.jsonl", "{\"n\":1}\n{\"n\":2}\n");
        (await folder.RunAsync("enqueue", "note", "--jsonl", file, "--batch", "größer", "--then", "publish", "--then-json", "{\"to\":\"web\"}", "--queue", "q")).Good().ShouldBe("2 jobs enqueued as batch 1, which job 3 follows\n");
        (await folder.RunAsync("batches", "show", "1", "--json")).Good().ShouldMatch(
            "^\\{\"id\":1,\"name\":\"größer\",\"open\":false,\"createdAt\":\"[^\"]+Z\",\"endedAt\":null,\"counts\":\\{\"pending\":2,\"waiting\":0,\"running\":0,\"succeeded\":0,\"failed\":0,\"cancelled\":0\\},\"total\":2,\"deleted\":0,\"follower\":3\\}\n$");
        (await folder.RunAsync("why", "3")).Good().ShouldContain("It waits for batch 1, of which 2 of 2 jobs have not ended.");
        var follower = await folder.JsonAsync("show", "3");
        (follower.GetProperty("type").GetString(), follower.GetProperty("queue").GetString(), follower.GetProperty("payload").ToString(), follower.GetProperty("afterBatch").GetInt64(), follower.GetProperty("batchId").ValueKind)
            .ShouldBe(("publish", "q", "{\"to\":\"web\"}", 1, System.Text.Json.JsonValueKind.Null));
        (await folder.JsonAsync("list", "--batch", "1")).EnumerateArray().Select(job => (job.GetProperty("id").GetInt64(), job.GetProperty("batchId").GetInt64())).ShouldBe([(2, 1), (1, 1)]);
        (await folder.RunAsync("show", "1")).Good().ShouldContain("  batch       1\n");
        (await folder.RunAsync("show", "3")).Good().ShouldContain("  follows     batch 1, größer\n");

        (await folder.RunAsync("work", "--queues", "q", "--exec", "note=printenv STEADWORK_BATCH_ID", "--exec", "publish=true", "--drain")).Status.ShouldBe(0);

        (await folder.JsonAsync("show", "1")).GetProperty("result").GetProperty("stdout").GetString().ShouldBe("1\n");
        (await folder.JsonAsync("show", "3")).GetProperty("state").GetString().ShouldBe("succeeded");
        (await folder.RunAsync("batches", "show", "1")).Good().ShouldMatch(
            "^Batch 1  größer  ended\n\n  made        .* ago\n|now\n  ended       .*, took .*\n  jobs        2\n  follower    3 publish, succeeded\n\nSTATE +JOBS\npending +0\nwaiting +0\nrunning +0\nsucceeded +2\nfailed +0\ncancelled +0\n$");
    }

    [Fact]
    public async Task A_follower_is_cancelled_with_what_fails_and_goes_on_with_a_retry_of_the_batch()
    {
        var file = folder.Write("notes.jsonl", "1\n2\n");
        await folder.RunAsync("enqueue", "note", "--jsonl", file, "--batch", "b", "--then", "publish", "--attempts", "1");
        (await folder.RunAsync("work", "--exec", "note=grep 1", "--exec", "publish=true", "--drain")).Status.ShouldBe(0);
        var page = (await folder.RunAsync("batches", "show", "1")).Good();
        page.ShouldStartWith("Batch 1  b  ended, not all succeeded\n");
        page.ShouldContain("  follower    3 publish, cancelled: Batch 1, which it was to follow, has ended: of 2 jobs 1 succeeded.\n");

        (await folder.RunAsync("retry", "--batch", "1", "--state", "failed")).Good();
        (await folder.RunAsync("batches", "show", "1")).Good().ShouldStartWith("Batch 1  b  running\n");
        (await folder.RunAsync("work", "--exec", "note=true", "--exec", "publish=true", "--drain")).Status.ShouldBe(0);

        (await folder.JsonAsync("show", "3")).GetProperty("state").GetString().ShouldBe("succeeded");
    }

    [Fact]
    public async Task An_open_one_takes_more_jobs_until_it_is_closed()
    {
        var file = folder.Write("notes.jsonl", "1\n");
        var made = await folder.JsonAsync("enqueue", "note", "--jsonl", file, "--batch", "b", "--open", "--then", "publish", "--then-anyway");
        made.ToString().ShouldBe("{\"count\":1,\"firstId\":1,\"lastId\":1,\"batchId\":1,\"follower\":2}");
        (await folder.RunAsync("enqueue", "note", "--into", "1")).Good().ShouldBe("3\n");
        (await folder.RunAsync("enqueue", "note", "--into", "1", "--jsonl", file)).Good().ShouldBe("1 jobs enqueued\n");
        (await folder.RunAsync("batches", "show", "1")).Good().ShouldStartWith("Batch 1  b  open\n");
        (await folder.RunAsync("why", "2")).Good().ShouldContain("It waits for batch 1, which takes more jobs still, and of which 3 of 3 jobs have not ended.");

        (await folder.RunAsync("batches", "close", "1")).Good().ShouldBe("Batch 1 is closed.\n");
        (await folder.RunAsync("batches", "close", "1", "--json")).Good().ShouldBe("{\"batch\":1,\"changed\":false}\n");
        var late = await folder.RunAsync("enqueue", "note", "--into", "1");
        (late.Status, late.Complaint).ShouldBe((2, "Batch 1 is closed and takes no more jobs. Nothing was stored."));
        (await folder.RunAsync("cancel", "--batch", "1")).Good();
        (await folder.JsonAsync("show", "2")).GetProperty("state").GetString().ShouldBe("pending");
        (await folder.RunAsync("delete", "2")).Good();
        (await folder.RunAsync("batches", "show", "1")).Good().ShouldContain("  follower    2 deleted\n");
    }

    [Fact]
    public async Task Its_end_can_be_waited_for()
    {
        var file = folder.Write("notes.jsonl", "1\n2\n");
        await folder.RunAsync("enqueue", "note", "--jsonl", file, "--batch", "b", "--attempts", "1");
        var late = await folder.RunAsync("batches", "wait", "1", "--timeout", "20ms");
        (late.Status, late.Complaint).ShouldBe((1, "Batch 1 is still running after 20ms."));
        var waiting = folder.RunAsync("batches", "wait", "1");
        await Waiting.UntilAsync(() => folder.Store.Listeners == 1);

        (await folder.RunAsync("work", "--exec", "note=grep 1", "--drain")).Status.ShouldBe(0);

        var ended = await waiting;
        (ended.Status, ended.Output).ShouldBe((1, "Batch 1 has ended: of 2 jobs 1 succeeded.\n"));
        (await folder.RunAsync("retry", "--batch", "1", "--state", "failed")).Good();
        (await folder.RunAsync("work", "--exec", "note=true", "--drain")).Status.ShouldBe(0);
        (await folder.RunAsync("batches", "wait", "1")).Good().ShouldBe("Batch 1 has ended: of 2 jobs 2 succeeded.\n");
        (await folder.JsonAsync("batches", "wait", "1")).GetProperty("counts").GetProperty("succeeded").GetInt32().ShouldBe(2);
    }

    [Fact]
    public async Task What_follows_a_batch_follows_an_empty_one_at_once()
    {
        var file = folder.Write("none.jsonl", "\n");
        (await folder.RunAsync("enqueue", "note", "--jsonl", file, "--batch", "b", "--then", "publish")).Good().ShouldBe("0 jobs enqueued as batch 1, which job 1 follows\n");
        (await folder.JsonAsync("show", "1")).GetProperty("state").GetString().ShouldBe("pending");
        (await folder.JsonAsync("batches", "show", "1")).GetProperty("endedAt").GetString().ShouldNotBeNull();
    }

    [Theory]
    [InlineData("There is no batch 9.", "batches", "show", "9")]
    [InlineData("There is no batch 9.", "batches", "close", "9", "--json")]
    [InlineData("There is no batch 9.", "batches", "wait", "9")]
    [InlineData("'x' is not the id of a batch; ids are whole numbers from 1. See 'steadwork batches show --help'.", "batches", "show", "x")]
    [InlineData("'0' is not the id of a batch; ids are whole numbers from 1. See 'steadwork list --help'.", "list", "--batch", "0")]
    [InlineData("There is no batch 9; it may have been pruned. Nothing was stored.", "enqueue", "note", "--into", "9")]
    [InlineData("--batch makes one batch of the lines of a file; give --jsonl, too. A single job is added to an open batch by --into.", "enqueue", "note", "--batch", "b")]
    [InlineData("--batch makes a new batch, and --into adds to one that is there; give one of them.", "enqueue", "note", "--batch", "b", "--into", "1", "--jsonl", "-")]
    [InlineData("--then says what follows a batch; give --batch, too.", "enqueue", "note", "--then", "publish")]
    [InlineData("--open leaves a batch open; give --batch, too.", "enqueue", "note", "--open")]
    [InlineData("--then-json is said of the job that follows a batch; give --then, too.", "enqueue", "note", "--then-json", "{}")]
    [InlineData("--then-anyway is said of the job that follows a batch; give --then, too.", "enqueue", "note", "--then-anyway")]
    [InlineData("The name of the batch is empty; it needs 1 to 200 characters.", "enqueue", "note", "--jsonl", "-", "--batch", "")]
    [InlineData("The job of --then: The job type is empty; it needs 1 to 200 characters.", "enqueue", "note", "--jsonl", "-", "--batch", "b", "--then", "")]
    public async Task What_makes_no_sense_is_refused(string complaint, params string[] words)
    {
        await folder.EnqueueAsync("note");
        var ended = await folder.RunAsync(words);
        (ended.Status, ended.Complaint).ShouldBe((2, complaint));
        (await folder.JsonAsync("list")).GetArrayLength().ShouldBe(1);
    }
}
