using System.Text.Json;
using System.Xml.Linq;
using Shouldly;
using Steadwork.Cli.Benching;
using Steadwork.Cli.Shell;
using Steadwork.Sqlite;
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

        var document = await folder.JsonAsync("bench", "--only", "enqueue-one", "--only", "pickup-same", "--rounds", "1");
        var measures = document.GetProperty("measures").EnumerateArray().ToList();

        measures.Select(measure => (measure.GetProperty("name").GetString(), measure.GetProperty("unit").GetString(), measure.GetProperty("runs").GetInt32()))
            .ShouldBe([("enqueue-one", "jobs/s", 1), ("pickup-same", "ms", 1), ("pickup-same-p99", "ms", 1)]);
        var (rate, time) = (measures[0], measures[1]);
        rate.GetProperty("ratio").GetDouble().ShouldBe(rate.GetProperty("ours").GetDouble() / rate.GetProperty("floor").GetDouble(), 1e-9);
        time.GetProperty("ratio").GetDouble().ShouldBe(time.GetProperty("floor").GetDouble() / time.GetProperty("ours").GetDouble(), 1e-9);
        rate.GetProperty("ours").GetDouble().ShouldBeInRange(rate.GetProperty("min").GetDouble(), rate.GetProperty("max").GetDouble());
        rate.GetProperty("floor").GetDouble().ShouldBeInRange(rate.GetProperty("floorMin").GetDouble(), rate.GetProperty("floorMax").GetDouble());
        document.GetProperty("store").GetString().ShouldBe("SQLite, synchronous=FULL");
        Directory.GetFileSystemEntries(folder.Path).Order().ShouldBe(before);
        (await folder.JsonAsync("stats")).GetProperty("states").GetProperty("pending").GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task What_a_drain_costs_is_told_without_a_floor()
    {
        var costs = (await folder.JsonAsync("bench", "--only", "drain-10-allocated", "--rounds", "1")).GetProperty("measures").EnumerateArray()
            .ToDictionary(measure => measure.GetProperty("name").GetString()!);

        costs.Keys.ShouldBe(["drain-10", "drain-10-transactions", "drain-10-statements", "drain-10-written", "drain-10-allocated"]);
        // A claim of many and their ends are one transaction; a job is a row of more than its payload, and some entries of the log.
        costs["drain-10-transactions"].GetProperty("ours").GetDouble().ShouldBeInRange(0.0001, 0.05);
        costs["drain-10-statements"].GetProperty("ours").GetDouble().ShouldBeInRange(1, 10);
        costs["drain-10-written"].GetProperty("ours").GetDouble().ShouldBeGreaterThan(100);
        costs["drain-10-allocated"].GetProperty("ours").GetDouble().ShouldBeGreaterThan(100);
        costs["drain-10-written"].GetProperty("ratio").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task What_a_job_of_many_callers_costs_is_told_as_well()
    {
        var costs = (await folder.JsonAsync("bench", "--only", "enqueue-64", "--rounds", "1")).GetProperty("measures").EnumerateArray()
            .ToDictionary(measure => measure.GetProperty("name").GetString()!, measure => measure.GetProperty("ours").GetDouble());

        costs.Keys.ShouldBe(["enqueue-64", "enqueue-64-transactions", "enqueue-64-statements", "enqueue-64-written", "enqueue-64-allocated"]);
        // 64 callers share their commits, and nobody waits for more than two of them.
        costs["enqueue-64-transactions"].ShouldBeInRange(1 / 64.0, 0.5);
        costs["enqueue-64-written"].ShouldBeGreaterThan(100);
    }

    [Fact]
    public async Task What_lost_a_job_or_ran_one_twice_is_not_measured()
    {
        await using var ours = new Ours(StoreUrl.OfFile(folder.File("store.db"), Synchronous.Normal));
        await ours.DrainAsync(100);

        await ours.CheckRunsAsync(ours.Count);
        foreach (var begun in new[] { ours.Count - 1, ours.Count + 1 })
            (await Should.ThrowAsync<Refusal>(() => ours.CheckRunsAsync(begun))).Message.ShouldStartWith($"{begun} handlers began and {ours.Count} jobs succeeded");
    }

    [Fact]
    public async Task What_every_commit_waits_for_is_told_without_ours()
    {
        var sync = (await folder.JsonAsync("bench", "--only", "fsync", "--rounds", "2")).GetProperty("measures").EnumerateArray().Single();

        (sync.GetProperty("name").GetString(), sync.GetProperty("unit").GetString(), sync.GetProperty("runs").GetInt32()).ShouldBe(("fsync", "ms", 2));
        sync.GetProperty("floor").GetDouble().ShouldBeGreaterThan(0);
        (sync.GetProperty("ours").ValueKind, sync.GetProperty("ratio").ValueKind).ShouldBe((JsonValueKind.Null, JsonValueKind.Null));
        sync.GetProperty("floor").GetDouble().ShouldBeInRange(sync.GetProperty("min").GetDouble(), sync.GetProperty("max").GetDouble());
    }

    [Fact]
    public async Task The_page_shows_its_chart()
    {
        (await folder.RunAsync("bench", "--only", "enqueue-one", "--rounds", "1", "--page", "page.md")).Status.ShouldBe(0);

        var page = await File.ReadAllTextAsync(folder.File("page.md"), TestContext.Current.CancellationToken);
        page.ShouldStartWith("# SQLite, synchronous=FULL\n");
        page.ShouldContain("(page.svg)");
        page.ShouldContain("\n| enqueue, one caller | ");
        XNamespace svg = "http://www.w3.org/2000/svg";
        var chart = XDocument.Load(folder.File("page.svg")).Root!;
        chart.Elements(svg + "rect").Count().ShouldBe(1);
        chart.Elements(svg + "text").ShouldContain(text => text.Value == "enqueue, one caller");
    }

    [Theory]
    [InlineData(2, "There is no directory '<folder>/none' for the page; make it first, or give another --page.", "--page", "none/page.md")]
    [InlineData(2, "There is no measure 'drian'; there are fsync, enqueue-one, enqueue-64, enqueue-64-transactions, enqueue-64-statements, enqueue-64-written, enqueue-64-allocated, enqueue-bulk, drain-1, drain-10, drain-10-transactions, drain-10-statements, drain-10-written, drain-10-allocated, drain-10-logged, drain-64, processes-2, processes-4, processes-4-least-share, processes-4-memory, pickup-same, pickup-same-p99, pickup-other, pickup-other-p99, cancel-other.", "--only", "drian")]
    [InlineData(3, "There is no directory '<folder>/none' to measure in; make it first, or give another --store.", "--store", "sqlite:none/x.db")]
    public async Task What_is_wrong_is_said_and_nothing_is_left(int status, string complaint, params string[] arguments)
    {
        var ended = await folder.RunAsync(["bench", .. arguments]);
        (ended.Status, ended.Output, ended.Complaint).ShouldBe((status, "", complaint.Replace("<folder>", folder.Path)));
        folder.ShouldBeEmpty();
    }
}
