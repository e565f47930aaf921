using Shouldly;
using Xunit;

namespace Steadwork.Cli.Tests;

public sealed class CommandLineTests : IDisposable
{
    private readonly CliFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("--store", "sqlite:other.db", "--json", "enqueue", "note", "{}", "--tag", "a")]
    [InlineData("--json", "enqueue", "--store", "sqlite:other.db", "note", "{}", "--tag", "a")]
    [InlineData("enqueue", "note", "--json", "{}", "--tag", "a", "--store=sqlite:other.db")]
    [InlineData("enqueue", "--verbose", "--tag", "a", "--json", "--store", "sqlite:other.db", "--", "note", "{}")]
    public async Task Global_options_may_stand_anywhere(params string[] arguments)
    {
        (await folder.RunAsync(arguments)).Good().ShouldBe("{\"id\":1,\"existing\":false}\n");
        File.Exists(folder.File("other.db")).ShouldBeTrue();
    }

    [Theory]
    [InlineData("Say what to do: steadwork VERB. See 'steadwork --help'.")]
    [InlineData("Say what to do: steadwork VERB. See 'steadwork --help'.", "--json")]
    [InlineData("Say what to do: steadwork workers VERB. See 'steadwork workers --help'.", "workers")]
    [InlineData("There is no verb 'lits'. Did you mean 'list'? See 'steadwork --help'.", "lits")]
    [InlineData("There is no verb 'frobnicate'. See 'steadwork --help'.", "frobnicate", "--json")]
    [InlineData("There is no verb 'lst'. Did you mean 'list'? See 'steadwork workers --help'.", "workers", "lst")]
    [InlineData("There is no verb '[suggest]'. See 'steadwork list --help'.", "[suggest]", "list")]
    [InlineData("There is no option '--bogus'. See 'steadwork list --help'.", "list", "--bogus")]
    [InlineData("There is no option '-x'. See 'steadwork list --help'.", "-x", "list")]
    [InlineData("--store needs a value. See 'steadwork list --help'.", "list", "--store")]
    public async Task A_line_that_cannot_be_understood_is_refused_with_a_hint(string complaint, params string[] arguments)
    {
        var ended = await folder.RunAsync(arguments);
        ended.Status.ShouldBe(2);
        ended.Output.ShouldBeEmpty();
        ended.Complaint.ShouldBe(complaint);
    }

    [Theory]
    [InlineData("help")]
    [InlineData("help-run", "run")]
    [InlineData("help-work", "work")]
    [InlineData("help-enqueue", "enqueue")]
    [InlineData("help-list", "list")]
    [InlineData("help-show", "show")]
    [InlineData("help-wait", "wait")]
    [InlineData("help-cancel", "cancel")]
    [InlineData("help-retry", "retry")]
    [InlineData("help-delete", "delete")]
    [InlineData("help-stats", "stats")]
    [InlineData("help-queues", "queues")]
    [InlineData("help-why", "why")]
    [InlineData("help-batches", "batches")]
    [InlineData("help-batches-show", "batches", "show")]
    [InlineData("help-schedules", "schedules")]
    [InlineData("help-schedules-add", "schedules", "add")]
    [InlineData("help-queues-pause", "queues", "pause")]
    [InlineData("help-workers", "workers")]
    [InlineData("help-workers-list", "workers", "list")]
    [InlineData("help-prune", "prune")]
    [InlineData("help-copy", "copy")]
    public async Task The_help_is_approved(string name, params string[] verb)
    {
        var help = (await folder.RunAsync([.. verb, "--help"])).Good();
        Approved.Text(name, help, folder);
        help.Split('\n').Where(line => !line.StartsWith("  steadwork ", StringComparison.Ordinal)).ShouldAllBe(line => line.Length < 80);
        (await folder.RunAsync(["-h", .. verb])).Good().ShouldBe(help);
    }

    [Fact]
    public async Task It_knows_its_version() =>
        (await folder.RunAsync("--version")).Good().ShouldMatch(@"^\d+\.\d+\.\d+\n$");

    [Fact]
    public async Task An_argument_that_looks_like_a_response_file_is_text()
    {
        folder.Write("arguments", "--json");
        await folder.EnqueueAsync("@arguments");
        (await folder.JsonAsync("list"))[0].GetProperty("type").GetString().ShouldBe("@arguments");
    }
}
