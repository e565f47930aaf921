using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Shouldly;
using Steadwork.Tests.Workers;
using Xunit;

namespace Steadwork.Tests.Handlers;

/// <summary>What a payload may lack or have beyond its type, with reflection and with a source-generated context.</summary>
public sealed partial class ShapeTests : IAsyncLifetime
{
    internal sealed record Note(string Text, string? Author, int Pages = 1)
    {
        public bool Draft { get; init; } = true;

        public int Stars { get; set; } = 5;
    }

    internal sealed record Mail
    {
        public required string To { get; init; }
    }

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    internal sealed record Strict(string Text);

    [JsonSerializable(typeof(Note))]
    [JsonSerializable(typeof(Mail))]
    [JsonSerializable(typeof(Strict))]
    [JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
    internal sealed partial class Generated : JsonSerializerContext;

    private readonly Workbench bench = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Unknown_members_are_ignored_and_missing_ones_take_their_defaults(bool generated)
    {
        var (job, note) = await RunAsync<Note>("""{"text":"a","colour":{"red":1}}""", generated);
        job.State.ShouldBe(JobState.Succeeded);
        // A generated context sets init-only members in any case, and so their initialisers count for nothing.
        note.ShouldBe(new Note("a", null) { Draft = !generated });
        note!.Stars.ShouldBe(5);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_required_member_that_is_missing_fails_the_job_at_once(bool generated)
    {
        var (job, _) = await RunAsync<Mail>("""{"cc":"b"}""", generated);
        IsFailedAtOnce(job, "'to'");
        (await RunAsync<Mail>("""{"to":"a"}""", generated)).Job.State.ShouldBe(JobState.Succeeded);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_unknown_member_fails_the_job_at_once_where_the_payload_allows_none(bool generated)
    {
        var (job, _) = await RunAsync<Strict>("""{"text":"a","colour":1}""", generated);
        IsFailedAtOnce(job, "'colour'");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_mark_of_the_version_is_no_unknown_member(bool generated)
    {
        var (job, note) = await RunAsync<Strict>("""{"$version":1,"text":"a"}""", generated);
        job.State.ShouldBe(JobState.Succeeded);
        note.ShouldBe(new Strict("a"));
    }

    private static void IsFailedAtOnce(Job job, string reason)
    {
        (job.State, job.Attempt).ShouldBe((JobState.Failed, 1));
        job.LastError!.Message.ShouldStartWith("The payload cannot be read as ");
        job.LastError.Message.ShouldContain(reason);
    }

    private async Task<(Job Job, T? Read)> RunAsync<T>(string payload, bool generated)
    {
        var read = default(T);
        var program = bench.Program(t => (generated ? t.UseJson(Generated.Default) : t).AddHandler<T>("any", (job, _) =>
        {
            read = job;
            return Task.CompletedTask;
        }));
        var worker = await bench.StartAsync(scopes: program.Scopes, catalog: program.Catalog);
        var id = await bench.EnqueueAsync("any", job => job with { Payload = Encoding.UTF8.GetBytes(payload) });
        var ended = await bench.UntilAsync(id, job => job.State.IsEnded() || job.Failures > 0);
        await worker.StopAsync();
        return (ended, read);
    }
}
