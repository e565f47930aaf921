using Shouldly;
using Steadwork.Cli.Tests.Running;
using Steadwork.Sqlite;
using Steadwork.Storage.Copying;
using Xunit;

namespace Steadwork.Cli.Tests.Copying;

/// <summary>What <c>steadwork copy</c> moves, and what it refuses.</summary>
public sealed class CopyTests : IDisposable
{
    private readonly CliFolder folder = new();
    private readonly ServerStore server = new();

    public void Dispose()
    {
        server.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task It_prints_what_it_has_copied_and_what_to_do_next()
    {
        await folder.EnqueueAsync("note", "{\"a\":1}", "--unique", "k", "--tag", "t");
        await folder.EnqueueAsync("note", "--delay", "1h");

        var ended = await folder.RunAsync("copy", "--to", server.Url);

        ended.Error.ShouldBeEmpty();
        ended.Status.ShouldBe(0);
        ended.Lines.Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
            .ShouldContain(line => line.StartsWith("jobs 2 ") && line.EndsWith(" ok"));
        ended.Output.ShouldContain("The old store takes no more work");
        (await folder.RunAsync("list", "--json", "--store", server.Url)).Good().ShouldBe((await folder.RunAsync("list", "--json")).Good());
        (await folder.RunAsync("enqueue", "note", "--unique", "k", "--store", server.Url)).Good().ShouldBe("1\n");
        (await folder.RunAsync("enqueue", "note", "--store", server.Url)).Good().ShouldBe("3\n");
    }

    [Fact]
    public async Task With_json_it_prints_one_document()
    {
        await folder.EnqueueAsync("note");
        var copied = await folder.JsonAsync("copy", "--to", "sqlite:new.db");

        copied.GetProperty("to").GetString().ShouldBe("sqlite:" + folder.File("new.db"));
        copied.EnumerateObject().Select(property => property.Name).ShouldBe(["sections", "to"]);
        var jobs = copied.GetProperty("sections").EnumerateArray().Single(section => section.GetProperty("name").GetString() == "jobs");
        jobs.EnumerateObject().Select(property => property.Name).ShouldBe(["name", "rows", "hash"]);
        jobs.GetProperty("rows").GetInt64().ShouldBe(1);
        jobs.GetProperty("hash").GetString()!.Length.ShouldBe(64);
    }

    [Theory]
    [InlineData("enqueue", "note")]
    [InlineData("work", "--exec", "note=true")]
    [InlineData("cancel", "1")]
    [InlineData("run", "--items", "items", "--", "true")]
    public async Task The_old_store_takes_no_more_work_and_says_where_it_went(params string[] arguments)
    {
        folder.Write("items", "a\n");
        await folder.EnqueueAsync("note");
        (await folder.RunAsync("copy", "--to", server.Url)).Status.ShouldBe(0);

        var ended = await folder.RunAsync(arguments);

        ended.Status.ShouldBe(3);
        ended.Complaint.ShouldStartWith($"The store '{folder.File("steadwork.db")}' was copied to postgres://");
        ended.Complaint.ShouldEndWith(" and takes no more work; use that one.");
        (await folder.RunAsync("list")).Good();
    }

    [Fact]
    public async Task A_store_is_copied_once_unless_it_is_taken_back_into_service()
    {
        await folder.EnqueueAsync("note");
        (await folder.RunAsync("copy", "--to", "sqlite:first.db")).Status.ShouldBe(0);

        var again = await folder.RunAsync("copy", "--to", "sqlite:second.db");
        again.Status.ShouldBe(2);
        again.Complaint.ShouldContain($"was copied to sqlite:{folder.File("first.db")} before");
        File.Exists(folder.File("second.db")).ShouldBeFalse();

        (await folder.RunAsync("copy", "--reopen")).Good().ShouldContain("is in service again");
        (await folder.EnqueueAsync("note")).Value.ShouldBe(2);
        (await folder.RunAsync("copy", "--to", "sqlite:second.db")).Status.ShouldBe(0);
    }

    [Fact]
    public async Task A_copy_that_differs_is_refused_and_nothing_of_it_is_kept()
    {
        await folder.EnqueueAsync("note");
        await folder.EnqueueAsync("note", "{\"a\":1}");
        await using var target = await server.OpenAsync();
        await using var connection = await server.ConnectAsync();
        await using (var spoil = connection.CreateCommand())
        {
            spoil.CommandText = $$"""
                CREATE FUNCTION {{server.Schema}}.spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.priority = NEW.priority + 1; RETURN NEW; END $$;
                CREATE TRIGGER spoil BEFORE INSERT ON {{server.Schema}}.jobs FOR EACH ROW WHEN (NEW.payload <> '{}') EXECUTE FUNCTION {{server.Schema}}.spoil();
                """;
            await spoil.ExecuteNonQueryAsync();
        }

        var ended = await folder.RunAsync("copy", "--to", server.Url);

        ended.Status.ShouldBe(1);
        ended.Complaint.ShouldStartWith("The copy differs from the store: of jobs, 2 rows went in and 2 rows came out, with hashes ");
        (await target.StatisticsAsync(CancellationToken.None)).Lanes.ShouldBeEmpty();
        (await folder.EnqueueAsync("note")).Value.ShouldBe(3);
    }

    [Fact]
    public async Task A_target_that_holds_anything_is_refused_and_nothing_changes()
    {
        await folder.EnqueueAsync("note");
        await folder.EnqueueAsync("other", "--store", server.Url);

        var ended = await folder.RunAsync("copy", "--to", server.Url);

        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldContain("is not empty");
        (await folder.EnqueueAsync("note")).Value.ShouldBe(2);
        (await folder.EnqueueAsync("other", "--store", server.Url)).Value.ShouldBe(2);
    }

    [Theory]
    [InlineData(3, "cannot be reached", "postgres://someone:secret@127.0.0.1:1/none")]
    [InlineData(3, "There is no directory", "sqlite:none/new.db")]
    [InlineData(2, "names the store itself", "sqlite:steadwork.db")]
    [InlineData(2, "--to 'new.db' is not the URL of a store", "new.db")]
    public async Task A_target_that_cannot_be_used_leaves_the_store_in_service(int status, string complaint, string url)
    {
        await folder.EnqueueAsync("note");
        var ended = await folder.RunAsync("copy", "--to", url);
        ended.Status.ShouldBe(status);
        ended.Complaint.ShouldContain(complaint);
        ended.Complaint.ShouldNotContain("secret");
        (await folder.EnqueueAsync("note")).Value.ShouldBe(2);
    }

    [Fact]
    public async Task It_wants_to_know_where_to()
    {
        await folder.EnqueueAsync("note");
        (await folder.RunAsync("copy")).Status.ShouldBe(2);
        (await folder.RunAsync("copy", "--to", "sqlite:new.db", "--reopen")).Status.ShouldBe(2);
        (await folder.EnqueueAsync("note")).Value.ShouldBe(2);
    }

    /// <summary>Killed after the copy was kept, and before the old store was told.</summary>
    [Fact]
    public async Task A_copy_that_lacks_only_its_last_word_is_found_whole()
    {
        await folder.EnqueueAsync("note");
        (await folder.RunAsync("copy", "--to", "sqlite:new.db")).Status.ShouldBe(0);
        await using (var store = folder.OpenStore())
            await ((ICopyableStore)store).RetireAsync(new Retirement("sqlite:new.db", Copied: false), TestContext.Current.CancellationToken);

        (await folder.JsonAsync("copy", "--to", "sqlite:new.db")).GetProperty("sections").GetArrayLength().ShouldBe(CopySection.All.Count);

        (await folder.RunAsync("enqueue", "note")).Complaint.ShouldContain("was copied to");
    }

    [Fact]
    public async Task Killed_while_it_writes_it_leaves_nothing_and_can_be_started_again()
    {
        folder.Write("notes.jsonl", string.Concat(Enumerable.Range(0, 3000).Select(number => $"{number}\n")));
        (await folder.RunAsync("enqueue", "note", "--jsonl", "notes.jsonl")).Good();
        await (await server.OpenAsync()).DisposeAsync();

        await using (var connection = await server.ConnectAsync())
        await using (var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            // It gets as far as its second section of any size: the table of that may be read, not written.
            await using (var hold = new Npgsql.NpgsqlCommand($"LOCK TABLE {server.Schema}.log IN SHARE MODE", connection))
                await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            using var copy = folder.Start("copy", "--to", server.Url);
            while (!await ServerStore.AskAsync<bool>(connection, $"SELECT EXISTS (SELECT FROM pg_locks WHERE relation = '{server.Schema}.log'::regclass AND NOT granted)"))
                TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            copy.Kill();
            (await copy.EndAsync()).Status.ShouldBe(128 + RunningCommand.Killed);
        }

        (await folder.RunAsync("list", "--store", server.Url)).Output.ShouldNotContain("note");
        (await folder.RunAsync("enqueue", "note")).Complaint.ShouldContain("is being copied to");

        (await folder.RunAsync("copy", "--to", server.Url)).Status.ShouldBe(0);
        (await folder.JsonAsync("stats", "--store", server.Url)).GetRawText().ShouldBe((await folder.JsonAsync("stats")).GetRawText());
        (await folder.EnqueueAsync("note", "--store", server.Url)).Value.ShouldBe(3001);
    }

    [Fact]
    public async Task After_a_copy_that_was_killed_the_store_can_be_taken_back_into_service()
    {
        await folder.EnqueueAsync("note");
        await using (var store = SqliteStore.Open(folder.File("steadwork.db")))
            await ((ICopyableStore)store).RetireAsync(new Retirement("elsewhere", Copied: false), TestContext.Current.CancellationToken);
        (await folder.RunAsync("enqueue", "note")).Status.ShouldBe(3);

        (await folder.RunAsync("copy", "--reopen")).Good().ShouldBe($"The store '{folder.File("steadwork.db")}' is in service.\n");

        (await folder.EnqueueAsync("note")).Value.ShouldBe(2);
    }
}
