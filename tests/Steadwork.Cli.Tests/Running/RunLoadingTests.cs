using System.Text;
using Shouldly;
using Steadwork.Cli.Running;
using Steadwork.Storage;
using Steadwork.Storage.InMemory;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

public sealed class RunLoadingTests
{
    [Fact]
    public async Task A_list_longer_than_one_bulk_is_loaded_whole_and_numbered_through()
    {
        const int Items = Defaults.BulkChunk + 1;
        var definition = new RunDefinition(["echo", "{#}"], JsonItems: false, ItemOnInput: false);
        var plan = new RunPlan { Definition = definition, Template = definition.Template(), Name = "long", Workers = 1, Attempts = 1, RetryDelay = TimeSpan.Zero };
        using var lines = new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(1, Items).Select(number => $"item {number}\n"))));
        await using var store = new InMemoryStore();

        var tally = await new RunLoading(store, plan).LoadAsync(ItemList.Read(lines, ItemForm.Lines, plan.Template), CancellationToken.None);

        tally.Items.ShouldBe(Items);
        var jobs = await store.FindAsync(new JobQuery { Limit = Items + 1 }, TestContext.Current.CancellationToken);
        jobs.OrderBy(job => job.Id.Value).Select(job => (RunItems.Text(job.Payload, json: false), RunItems.Sequence(job.Tags)))
            .ShouldBe(Enumerable.Range(1, Items).Select(number => ($"item {number}", (long)number)));
    }
}
