using System.Text.Json;
using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests;

public abstract class EnqueueTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_id_stands_alone_on_a_line() =>
        (await folder.RunAsync("enqueue", "note", "{}")).Good().ShouldBe("1\n");

    [Fact]
    public async Task As_json_it_says_the_id_and_that_it_is_new() =>
        (await folder.RunAsync("enqueue", "note", "--json")).Good().ShouldBe("{\"id\":1,\"existing\":false}\n");

    [Fact]
    public async Task Every_option_arrives_at_the_job()
    {
        await folder.EnqueueAsync(
            "note", "{\"path\":\"a b\"}", "--queue", "imports", "--priority", "7", "--at", "2031-02-03T04:05:06+01:00", "--expires-at", "2031-02-04T00:00:00Z",
            "--key", "env:prod", "--key-limit", "2", "--unique", "a b", "--attempts", "9", "--timeout", "1h30m", "--tag", "red", "--tag", "blue green", "--requires", "gpu", "--requires", "eu");
        Approved.Json("show-all-options", await folder.JsonAsync("show", "1"), folder);
        (await folder.RunAsync("show", "1")).Good().ShouldContain("1h 30m");
        (await folder.JsonAsync("show", "1")).GetProperty("runAt").GetString().ShouldBe("2031-02-03T03:05:06.000Z");
    }

    [Fact]
    public async Task Jobs_with_one_exclusive_key_wait_for_each_other()
    {
        await folder.EnqueueAsync("note", "--key", "env:prod");
        await folder.EnqueueAsync("note", "--key", "env:prod");
        (await folder.JsonAsync("show", "2")).GetProperty("state").GetString().ShouldBe("waiting");
        (await folder.RunAsync("show", "2")).Good().ShouldContain("env:prod, one at once");
    }

    [Fact]
    public async Task A_tag_that_no_worker_can_have_is_refused()
    {
        var refused = await folder.RunAsync("enqueue", "note", "--requires", "gpu,eu");
        (refused.Status, refused.Complaint).ShouldBe((2, "'gpu,eu' is no tag of a worker; it is a word of letters and digits, or - _ . : / between them, such as gpu or region:eu."));
    }

    [Fact]
    public async Task A_limit_of_a_key_that_is_not_given_is_refused()
    {
        var refused = await folder.RunAsync("enqueue", "note", "--key-limit", "2");
        (refused.Status, refused.Complaint).ShouldBe((2, "--key-limit says how many jobs with the same --key may run at once; give that, too."));
    }

    [Fact]
    public async Task A_delay_puts_the_time_off()
    {
        await folder.EnqueueAsync("note", "--delay", "2d");
        var job = await folder.JsonAsync("show", "1");
        (job.GetProperty("runAt").GetDateTimeOffset() - job.GetProperty("createdAt").GetDateTimeOffset()).ShouldBe(TimeSpan.FromDays(2));
    }

    [Theory]
    [InlineData("{}", "{}")]
    [InlineData(" [1, 2.50, 1e400, 12345678901234567890] \n", "[1,2.50,1e400,12345678901234567890]")]
    [InlineData("-5", "-5")]
    [InlineData("\"größer 漢字 😀\"", "\"größer 漢字 😀\"")]
    [InlineData("null", "null")]
    public async Task A_payload_comes_back_as_it_was_given(string payload, string printed)
    {
        await folder.EnqueueAsync("note", payload);
        (await folder.RunAsync("show", "1", "--json")).Good().ShouldContain($"\"payload\":{printed},");
    }

    [Fact]
    public async Task A_payload_that_is_left_out_is_the_empty_object()
    {
        await folder.EnqueueAsync("note");
        (await folder.JsonAsync("show", "1")).GetProperty("payload").GetRawText().ShouldBe("{}");
    }

    [Fact]
    public async Task A_dash_reads_the_payload_from_standard_input()
    {
        (await folder.RunWithAsync("\uFEFF{\"from\": \"stdin\"}\n", "enqueue", "note", "-")).Good();
        (await folder.JsonAsync("show", "1")).GetProperty("payload").GetRawText().ShouldBe("{\"from\":\"stdin\"}");
    }

    [Fact]
    public async Task A_unique_key_that_is_taken_names_the_job_that_bears_it()
    {
        await folder.EnqueueAsync("note", "--unique", "k");
        (await folder.RunAsync("enqueue", "note", "--unique", "k")).Good().ShouldBe("1\n");
        (await folder.RunAsync("enqueue", "note", "--unique", "k", "--json")).Good().ShouldBe("{\"id\":1,\"existing\":true}\n");
        (await folder.JsonAsync("list")).GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task A_unique_key_can_stay_taken_for_a_time()
    {
        await folder.EnqueueAsync("note", "--unique", "k", "--unique-for", "1h");
        await folder.EnqueueAsync("note", "--unique", "l");
        (await folder.RunAsync("cancel", "1", "2")).Good();
        (await folder.RunAsync("enqueue", "note", "--unique", "k", "--json")).Good().ShouldBe("{\"id\":1,\"existing\":true}\n");
        (await folder.RunAsync("enqueue", "note", "--unique", "l", "--json")).Good().ShouldBe("{\"id\":3,\"existing\":false}\n");
    }

    [Fact]
    public async Task A_job_can_expire()
    {
        await folder.EnqueueAsync("note", "--expires-in", "2h");
        var job = await folder.JsonAsync("show", "1");
        (job.GetProperty("expiresAt").GetDateTimeOffset() - job.GetProperty("createdAt").GetDateTimeOffset()).ShouldBe(TimeSpan.FromHours(2));
        (await folder.RunAsync("show", "1")).Good().ShouldContain("unless it runs");
    }

    [Theory]
    [InlineData("--expires-in and --expires-at both say until when the job is worth beginning; give one of them.", "--expires-in", "1h", "--expires-at", "2031-01-01T00:00:00Z")]
    [InlineData("The job would expire before it may run; let it expire later.", "--expires-in", "1h", "--delay", "1h")]
    public async Task An_expiry_that_makes_no_sense_is_refused(string complaint, params string[] options)
    {
        var refused = await folder.RunAsync(["enqueue", "note", .. options]);
        (refused.Status, refused.Complaint).ShouldBe((2, complaint));
    }

    [Theory]
    [InlineData("keep", "1", false)]
    [InlineData("replace", "2", true)]
    [InlineData("replace-payload", "2", false)]
    [InlineData("replace-time", "1", true)]
    public async Task The_job_that_bears_the_key_takes_over_what_is_said(string whenTaken, string payload, bool isDelayed)
    {
        await folder.EnqueueAsync("note", "1", "--unique", "k");
        (await folder.RunAsync("enqueue", "note", "2", "--unique", "k", "--delay", "1h", "--when-taken", whenTaken, "--json")).Good().ShouldBe("{\"id\":1,\"existing\":true}\n");
        var job = await folder.JsonAsync("show", "1");
        job.GetProperty("payload").GetRawText().ShouldBe(payload);
        (job.GetProperty("runAt").GetDateTimeOffset() > job.GetProperty("createdAt").GetDateTimeOffset()).ShouldBe(isDelayed);
    }

    [Fact]
    public async Task A_taken_key_refuses_the_job_if_that_is_said()
    {
        (await folder.RunAsync("enqueue", "note", "--unique", "k", "--when-taken", "refuse")).Good().ShouldBe("1\n");
        var refused = await folder.RunAsync("enqueue", "note", "--unique", "k", "--when-taken", "refuse");
        (refused.Status, refused.Complaint).ShouldBe((2, "Nothing was stored: job 1 bears the unique key 'k'."));
        (await folder.JsonAsync("list")).GetArrayLength().ShouldBe(1);
    }

    [Theory]
    [InlineData("--unique-for", "1h", "--unique-for says how long the --unique key stays taken; give that, too.")]
    [InlineData("--when-taken", "replace", "--when-taken says what becomes of the job that bears the --unique key; give that, too.")]
    public async Task What_is_said_of_a_unique_key_needs_one(string option, string value, string complaint)
    {
        var refused = await folder.RunAsync("enqueue", "note", option, value);
        (refused.Status, refused.Complaint).ShouldBe((2, complaint));
    }

    [Theory]
    [InlineData("{", "The payload is not valid JSON: ")]
    [InlineData("", "The payload is not valid JSON: ")]
    [InlineData("{} {}", "The payload is not valid JSON: ")]
    [InlineData("\"\\ud800\"", "The payload is not valid JSON: ")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "The payload is not valid JSON: The maximum configured depth of 32")]
    public async Task A_payload_that_is_not_json_is_refused(string payload, string complaint)
    {
        var ended = await folder.RunAsync("enqueue", "note", payload);
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldStartWith(complaint);
        folder.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_payload_that_is_not_utf_8_is_refused()
    {
        var ended = await folder.CallAsync(["enqueue", "note", "-"], [(byte)'"', 0xFF, (byte)'"']);
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldContain("UTF-8");
    }

    [Fact]
    public async Task A_payload_of_more_than_256_kib_is_refused()
    {
        var ended = await folder.RunWithAsync($"\"{new string('x', 10_000_000)}\"", "enqueue", "note", "-");
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldBe("The payload has more than 262,144 bytes, which is the most.");
    }

    [Theory]
    [InlineData("The job type is empty; it needs 1 to 200 characters.", "")]
    [InlineData("The queue begins or ends with white space.", "note", "--queue", " q")]
    [InlineData("The tag holds a control character; names are plain text.", "note", "--tag", "a\u0007")]
    [InlineData("A timeout must be longer than zero.", "note", "--timeout", "0")]
    [InlineData("--delay and --at both say when the job may run; give one of them.", "note", "--delay", "1s", "--at", "2031-01-01T00:00Z")]
    [InlineData("--delay: '5' is not a duration; write it like 250ms, 30s, 5m, 2h, 7d or 1h30m. See 'steadwork enqueue --help'.", "note", "--delay", "5")]
    [InlineData("--priority: '1001' is not a whole number from 1 to 1000. See 'steadwork enqueue --help'.", "note", "--priority", "1001")]
    [InlineData("--attempts: '0' is not a whole number from 1 to 1000. See 'steadwork enqueue --help'.", "note", "--attempts", "0")]
    [InlineData("--at: '2031-01-01T00:00' names no time zone; end it with Z for UTC, or with an offset such as +02:00. See 'steadwork enqueue --help'.", "note", "--at", "2031-01-01T00:00")]
    [InlineData("--at: 'soon' is not a time; write it like 2030-01-31T09:00:00Z or 2030-01-31T09:00+02:00. See 'steadwork enqueue --help'.", "note", "--at", "soon")]
    [InlineData("--queue needs a value. See 'steadwork enqueue --help'.", "note", "--queue")]
    [InlineData("--priority was given more than once. See 'steadwork enqueue --help'.", "note", "--priority", "5", "--priority", "6")]
    [InlineData("There is no option '--colour'. See 'steadwork enqueue --help'.", "note", "--colour", "K")]
    [InlineData("'more' is one argument too many. See 'steadwork enqueue --help'.", "note", "{}", "more")]
    [InlineData("TYPE is missing. See 'steadwork enqueue --help'.")]
    public async Task What_is_wrong_is_said_in_one_line_and_nothing_is_stored(string complaint, params string[] arguments)
    {
        var ended = await folder.RunAsync(["enqueue", .. arguments]);
        ended.Status.ShouldBe(2);
        ended.Output.ShouldBeEmpty();
        ended.Complaint.ShouldBe(complaint);
        folder.ShouldBeEmpty();
    }

    [Fact]
    public async Task After_two_dashes_everything_is_an_argument()
    {
        (await folder.RunAsync("enqueue", "--json", "--", "--store", "-1")).Good();
        var job = (await folder.JsonAsync("list")).EnumerateArray().ShouldHaveSingleItem();
        job.GetProperty("type").GetString().ShouldBe("--store");
        job.GetProperty("payload").GetRawText().ShouldBe("-1");
    }

    [Theory]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true)]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01", false)]
    [InlineData("nonsense", false)]
    public async Task The_trace_context_of_the_environment_is_kept_when_it_is_valid(string parent, bool kept)
    {
        (await folder.CallAsync(["enqueue", "note"], null, ("TRACEPARENT", parent))).Good();
        await using var store = folder.OpenStore();
        var job = (await store.FindAsync(new Storage.JobQuery(), default)).ShouldHaveSingleItem();
        job.TraceParent.ShouldBe(kept ? parent : null);
    }

    [Fact]
    public async Task Control_characters_in_a_payload_never_reach_the_terminal_raw()
    {
        const string Payload = "{\"bell\": \"\\u0007\\u001b[31m\", \"bidi\": \"\u202Egnp.exe\", \"c1\": \"\u009B2J\"}";
        await folder.EnqueueAsync("note", Payload);
        foreach (var arguments in new string[][] { ["list"], ["show", "1"], ["list", "--json"], ["show", "1", "--json"] })
        {
            var text = (await folder.RunAsync(arguments)).Good();
            text.ShouldNotContain(character => character != '\n' && (char.IsControl(character) || character == '\u202E'));
            text.ShouldContain("gnp.exe");
        }
        var printed = (await folder.JsonAsync("show", "1")).GetProperty("payload");
        JsonElement.DeepEquals(printed, JsonDocument.Parse(Payload).RootElement).ShouldBeTrue();
    }
}
