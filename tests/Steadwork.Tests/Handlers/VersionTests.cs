using System.Text;
using System.Text.Json.Nodes;
using Shouldly;
using Steadwork.Tests.Workers;
using Xunit;

namespace Steadwork.Tests.Handlers;

public sealed class VersionTests : IAsyncLifetime
{
    internal sealed record Note(string Folder, string File, int Pages);

    internal sealed record Empty;

    private readonly Workbench bench = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    /// <summary>Version 1 had a path, version 2 splits it, version 3 counts pages.</summary>
    private static void ThirdVersion(JobTypeOptions options)
    {
        options.Version = 3;
        options.Upcast(1, json =>
        {
            var path = (string)json["path"]!;
            json.Remove("path");
            json["folder"] = Path.GetDirectoryName(path);
            json["file"] = Path.GetFileName(path);
            return json;
        });
        options.Upcast(2, json => new JsonObject { ["folder"] = (string?)json["folder"], ["file"] = (string?)json["file"], ["pages"] = 1 });
    }

    [Theory]
    [InlineData("""{"path":"notes/a.md"}""")]
    [InlineData("""{"path":"notes/a.md","$version":1}""")]
    [InlineData("""{"$version":2,"folder":"notes","file":"a.md"}""")]
    [InlineData("""{"folder":"notes","$version":3,"file":"a.md","pages":1}""")]
    public async Task A_payload_of_any_version_is_brought_to_the_present_one(string payload)
    {
        var (read, raw) = (default(Note), "");
        var program = bench.Program(t => t.AddHandler<Note>("note", (note, context) =>
        {
            (read, raw) = (note, Encoding.UTF8.GetString(context.Payload.Span));
            return Task.CompletedTask;
        }, ThirdVersion));
        await RunAsync(program, payload, JobState.Succeeded);
        read.ShouldBe(new Note("notes", "a.md", 1));
        raw.ShouldBe("""{"folder":"notes","file":"a.md","pages":1}""");
    }

    [Fact]
    public async Task A_version_travels_in_the_payload_from_2_on()
    {
        var program = bench.Program(t => t
            .AddJobType<Note>("note", o => o.Version = 2)
            .AddJobType<Empty>("empty", o => o.Version = 7)
            .AddJobType<JsonObject>("first"));
        (await StoredAsync(program.Jobs.EnqueueAsync(new Note("n", "a", 1)))).ShouldBe("""{"$version":2,"folder":"n","file":"a","pages":1}""");
        (await StoredAsync(program.Jobs.EnqueueAsync(new Empty()))).ShouldBe("""{"$version":7}""");
        (await StoredAsync(program.Jobs.EnqueueAsync(new JsonObject { ["inner"] = new JsonObject { ["$version"] = 5 } }))).ShouldBe("""{"inner":{"$version":5}}""");
    }

    [Fact]
    public async Task A_member_of_that_name_is_refused_at_the_front_door()
    {
        var program = bench.Program(t => t.AddJobType<JsonObject>("note"));
        (await Should.ThrowAsync<ArgumentException>(() => program.Jobs.EnqueueAsync(new JsonObject { ["a"] = 1, ["$version"] = "x" })))
            .Message.ShouldBe("A payload of the job type 'note' has a member \"$version\" of its own; that name is kept for the version of the type.");
    }

    [Fact]
    public async Task A_payload_that_is_no_object_has_no_versions()
    {
        Should.Throw<ArgumentException>(() => bench.Program(t => t.AddJobType<List<Note>>("notes", o => o.Version = 2))).Message.ShouldStartWith("The job type 'notes' is of version 2 and its payload ");
        Should.Throw<ArgumentException>(() => bench.Program(t => t.AddJobType<string>("path", o => o.Version = 2))).Message.ShouldEndWith("is no JSON object; only objects can bear a version.");
        var program = bench.Program(t => t.AddJobType<JsonNode>("any", o => o.Version = 2));
        (await Should.ThrowAsync<ArgumentException>(() => program.Jobs.EnqueueAsync<JsonNode>(new JsonArray()))).Message.ShouldBe(
            "The job type 'any' is of version 2 and this payload is no JSON object; only objects can bear a version.");
    }

    [Fact]
    public async Task A_handler_of_raw_json_gets_the_payload_as_stored_unless_it_says_something_of_versions()
    {
        var seen = new Dictionary<string, string>();
        foreach (var (type, configure) in new (string, Action<JobTypeOptions>?)[] { ("raw", null), ("versioned", ThirdVersion) })
        {
            bench.Handle(type, context =>
            {
                lock (seen)
                    seen[type] = Encoding.UTF8.GetString(context.Payload.Span);
                return Task.CompletedTask;
            }, configure);
        }
        await bench.StartAsync();
        foreach (var type in new[] { "raw", "versioned" })
            await bench.UntilAsync(await bench.EnqueueAsync(type, job => job with { Payload = """{"$version":2,"folder":"n","file":"a"}"""u8.ToArray() }), JobState.Succeeded);
        seen["raw"].ShouldBe("""{"$version":2,"folder":"n","file":"a"}""");
        seen["versioned"].ShouldBe("""{"folder":"n","file":"a","pages":1}""");
    }

    [Theory]
    [InlineData("""{"$version":"2"}""", "The payload's \"$version\" is no version; versions are whole numbers from 1.")]
    [InlineData("""{"$version":0}""", "The payload's \"$version\" is no version; versions are whole numbers from 1.")]
    [InlineData("""{"$version":-1}""", "The payload's \"$version\" is no version; versions are whole numbers from 1.")]
    [InlineData("""{"$version":1.5}""", "The payload's \"$version\" is no version; versions are whole numbers from 1.")]
    [InlineData("""[1]""", "The payload is no JSON object; only objects have versions.")]
    [InlineData("""{"path":"a","path":"b"}""", "The payload cannot be read: ")]
    [InlineData("""{"path":7}""", "The payload cannot be brought from version 1 to 2: ")]
    [InlineData("""{"$version":3,"folder":[]}""", "The payload cannot be read as Note: ")]
    public async Task What_cannot_be_brought_to_the_present_version_fails_at_once_with_the_reason(string payload, string reason)
    {
        var program = bench.Program(t => t.AddHandler<Note>("note", (_, _) => Task.CompletedTask, ThirdVersion));
        var job = await RunAsync(program, payload, JobState.Failed);
        job.Attempt.ShouldBe(1);
        job.LastError!.Message.ShouldStartWith(reason);
    }

    [Fact]
    public async Task A_payload_of_a_newer_version_waits_for_a_newer_worker_at_no_cost()
    {
        bench.Handle("note", _ => Task.CompletedTask, o => o.Version = 1);
        await bench.StartAsync();
        var id = await bench.EnqueueAsync("note", job => job with { Payload = """{"$version":2}"""u8.ToArray(), MaxAttempts = 1 });
        for (var time = 1; time <= 3; time++)
        {
            var due = bench.Clock.GetUtcNow().AddSeconds(30);
            var job = await bench.UntilAsync(id, job => job is { State: JobState.Pending } && job.RunAt == due);
            (job.Attempt, job.Failures, job.LastError).ShouldBe((0, 0, null));
            bench.Lines.All.Count(line => line.Event == 16).ShouldBe(time);
            bench.Clock.Advance(TimeSpan.FromSeconds(30));
        }
        bench.Lines.All.First(line => line.Event == 16).Text.ShouldBe($"Job {id} (note) has a payload of version 2, and this worker knows up to 1: it is left for 00:00:30 to a worker that knows it");
        (await bench.Store.AttemptsAsync(id, CancellationToken.None)).ShouldBeEmpty();
    }

    [Fact]
    public void A_missing_or_needless_upcaster_is_refused_at_registration()
    {
        Refusal(o => o.Version = 2).ShouldBe("The job type 'note' is of version 2 and has no upcaster from version 1 to 2; stored jobs of version 1 could not be read. Add Upcast(1, …).");
        Refusal(o => { o.Version = 3; o.Upcast(1, json => json); }).ShouldContain("no upcaster from version 2 to 3");
        Refusal(o => o.Upcast(1, json => json)).ShouldBe("The job type 'note' is of version 1 and has an upcaster from version 1; set Version to 2, or leave the upcaster out.");
        Refusal(o => { o.Upcast(1, json => json); o.Upcast(1, json => json); }).ShouldBe("There are two upcasters from version 1; each version has one way to the next.");
        Should.Throw<ArgumentOutOfRangeException>(() => new JobTypeOptions { Version = 0 });
        Should.Throw<ArgumentOutOfRangeException>(() => new JobTypeOptions().Upcast(0, json => json));
        // Whoever only enqueues reads nothing.
        bench.Program(t => t.AddJobType<Note>("note", o => o.Version = 2));

        string Refusal(Action<JobTypeOptions> configure) =>
            Should.Throw<ArgumentException>(() => bench.Program(t => t.AddHandler<Note>("note", (_, _) => Task.CompletedTask, configure))).Message;
    }

    private async Task<string> StoredAsync(Task<JobId> id) => Encoding.UTF8.GetString((await bench.JobAsync(await id)).Payload.Span);

    private async Task<Job> RunAsync(TypedProgram program, string payload, JobState end)
    {
        await bench.StartAsync(scopes: program.Scopes, catalog: program.Catalog);
        return await bench.UntilAsync(await bench.EnqueueAsync("note", job => job with { Payload = Encoding.UTF8.GetBytes(payload) }), end);
    }
}
