using Shouldly;
using Xunit;

namespace Steadwork.Cli.Tests;

/// <summary><c>bench</c>: what it prints, and that it touches no store. How fast something is, no test says.</summary>
public sealed class BenchTests : IDisposable
{
    private readonly CliFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Each_measure_tells_the_floor_ours_and_the_ratio_of_both()
    {
        await folder.EnqueueAsync("note");
        var before = Directory.GetFileSystemEntries(folder.Path).Order();

        var measures = (await folder.JsonAsync("bench", "--only", "enqueue-one", "--only", "pickup-same", "--rounds", "1")).GetProperty("measures").EnumerateArray().ToList();

        measures.Select(measure => (measure.GetProperty("name").GetString(), measure.GetProperty("unit").GetString(), measure.GetProperty("runs").GetInt32()))
            .ShouldBe([("enqueue-one", "jobs/s", 1), ("pickup-same", "ms", 1)]);
        var (rate, time) = (measures[0], measures[1]);
        rate.GetProperty("ratio").GetDouble().ShouldBe(rate.GetProperty("ours").GetDouble() / rate.GetProperty("floor").GetDouble(), 1e-9);
        time.GetProperty("ratio").GetDouble().ShouldBe(time.GetProperty("floor").GetDouble() / time.GetProperty("ours").GetDouble(), 1e-9);
        rate.GetProperty("ours").GetDouble().ShouldBeInRange(rate.GetProperty("min").GetDouble(), rate.GetProperty("max").GetDouble());
        Directory.GetFileSystemEntries(folder.Path).Order().ShouldBe(before);
        (await folder.JsonAsync("stats")).GetProperty("states").GetProperty("pending").GetInt32().ShouldBe(1);
    }

    [Theory]
    [InlineData(2, "There is no measure 'drian'; there are enqueue-one, enqueue-64, enqueue-bulk, drain-1, drain-10, drain-10-logged, drain-64, processes-4, pickup-same, pickup-other.", "--only", "drian")]
    [InlineData(3, "There is no directory '<folder>/none' to measure in; make it first, or give another --store.", "--store", "sqlite:none/x.db")]
    public async Task What_is_wrong_is_said_and_nothing_is_left(int status, string complaint, params string[] arguments)
    {
        var ended = await folder.RunAsync(["bench", .. arguments]);
        (ended.Status, ended.Output, ended.Complaint).ShouldBe((status, "", complaint.Replace("<folder>", folder.Path)));
        folder.ShouldBeEmpty();
    }
}
