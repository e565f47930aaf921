using Shouldly;
using Steadwork.Tests.Workers;
using Xunit;

namespace Steadwork.Tests.Handlers;

public sealed class AliasTests : IAsyncLifetime
{
    internal sealed record Note(string Text);

    private readonly Workbench bench = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    [Fact]
    public async Task Jobs_under_a_former_name_are_run_and_new_ones_get_the_present_name()
    {
        var seen = new List<string>();
        var program = bench.Program(t => t.AddHandler<Note>("import-note", (note, context) =>
        {
            lock (seen)
                seen.Add($"{context.Type} {note.Text}");
            return Task.CompletedTask;
        }, o => o.Aliases.Add("note-import")));
        var old = await bench.EnqueueAsync("note-import", job => job with { Payload = """{"text":"old"}"""u8.ToArray() });
        var present = await program.Jobs.EnqueueAsync(new Note("new"));
        await bench.StartAsync(scopes: program.Scopes, catalog: program.Catalog);

        (await bench.UntilAsync(old, JobState.Succeeded)).Type.ShouldBe("note-import");
        (await bench.UntilAsync(present, JobState.Succeeded)).Type.ShouldBe("import-note");
        seen.ShouldBe(["note-import old", "import-note new"], ignoreOrder: true);
        (await bench.Store.StatisticsAsync(CancellationToken.None)).Workers.Single().Types.ShouldBe(["import-note", "note-import"]);
    }

    [Fact]
    public async Task The_options_of_the_type_hold_for_jobs_under_its_former_name()
    {
        bench.Handle("import-note", _ => throw new InvalidOperationException("no"), o =>
        {
            o.Aliases.Add("note-import");
            o.Retry = new RetrySchedule { Base = TimeSpan.Zero };
        });
        await bench.StartAsync();
        (await bench.UntilAsync(await bench.EnqueueAsync("note-import"), JobState.Failed)).Failures.ShouldBe(3);
    }

    [Fact]
    public void A_type_is_found_by_each_of_its_names()
    {
        bench.Handle("import-note", _ => Task.CompletedTask, o => o.Aliases.Add("note-import"));
        bench.Catalog.Add(new JobType("send-mail", null, new JobTypeOptions { Aliases = { "mail" } }, null));
        bench.Catalog.Find("note-import").ShouldBeSameAs(bench.Catalog.Find("import-note"));
        bench.Catalog.Find("note").ShouldBeNull();
        bench.Catalog.Runnable.ShouldBe(["import-note", "note-import"]);
    }

    [Theory]
    [InlineData("a", "b", "a", "The name 'a' is taken twice, by the job type 'a' and by 'b' as name or alias; each name leads to one handler.")]
    [InlineData("b", "a", "a", "The name 'a' is taken twice, by the job type 'b' and by 'a' as name or alias; each name leads to one handler.")]
    [InlineData("b", "c", "a", "The name 'a' is taken twice, by the job type 'b' and by 'c' as name or alias; each name leads to one handler.")]
    public void A_name_that_is_taken_twice_is_refused(string first, string second, string alias, string refusal)
    {
        bench.Handle(first, _ => Task.CompletedTask, o => Alias(o, first));
        Should.Throw<ArgumentException>(() => bench.Handle(second, _ => Task.CompletedTask, o => Alias(o, second))).Message.ShouldBe(refusal);
        bench.Catalog.Find(second)?.Name.ShouldBe(first, "a refused type leaves nothing behind");

        void Alias(JobTypeOptions options, string name)
        {
            if (name != alias)
                options.Aliases.Add(alias);
        }
    }

    [Fact]
    public void A_type_is_no_alias_of_itself_and_an_alias_is_a_name()
    {
        Should.Throw<ArgumentException>(() => bench.Handle("a", _ => Task.CompletedTask, o => o.Aliases.Add("a"))).Message.ShouldContain("'a' is taken twice");
        Should.Throw<ArgumentException>(() => bench.Handle("a", _ => Task.CompletedTask, o => o.Aliases.Add(""))).Message.ShouldContain("job type is empty");
        Should.Throw<ArgumentException>(() => bench.Handle("a", _ => Task.CompletedTask, o => { o.Aliases.Add("b"); o.Aliases.Add("b"); })).Message.ShouldContain("'b' is taken twice");
    }
}
