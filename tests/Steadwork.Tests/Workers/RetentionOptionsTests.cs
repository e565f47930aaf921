using Microsoft.Extensions.Configuration;
using Shouldly;
using Steadwork.Workers;
using Xunit;

namespace Steadwork.Tests.Workers;

public sealed class RetentionOptionsTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Fact]
    public void Unless_something_else_is_set_what_failed_is_kept_for_thirty_days_and_the_rest_for_seven()
    {
        var rules = new RetentionOptions().ToRules();

        rules.Keep("q", "t", JobState.Succeeded, isDefined: false).ShouldBe(7 * Day);
        rules.Keep("q", "t", JobState.Cancelled, isDefined: false).ShouldBe(7 * Day);
        rules.Keep("q", "t", JobState.Failed, isDefined: false).ShouldBe(30 * Day);
        rules.Log.ShouldBe(30 * Day);
        rules.Keep("run:tiles", "run", JobState.Succeeded, isDefined: true).ShouldBeNull();
        rules.Rules.ShouldBe(RetentionRules.Default.Rules);
        rules.Log.ShouldBe(RetentionRules.Default.Log);
    }

    [Fact]
    public void A_queue_goes_before_a_type_and_what_they_do_not_say_is_as_for_all()
    {
        var options = new RetentionOptions { Types = { ["t"] = new RetentionTimes { Succeeded = 2 * Day, Failed = 3 * Day } } };
        options.Queues["q"] = new RetentionTimes { Succeeded = Timeout.InfiniteTimeSpan };
        var rules = options.ToRules();

        rules.Keep("q", "t", JobState.Succeeded, isDefined: false).ShouldBeNull();
        rules.Keep("q", "t", JobState.Failed, isDefined: false).ShouldBe(3 * Day);
        rules.Keep("q", "t", JobState.Cancelled, isDefined: false).ShouldBe(7 * Day);
        rules.Keep("r", "t", JobState.Succeeded, isDefined: false).ShouldBe(2 * Day);
    }

    [Fact]
    public void The_log_is_kept_as_long_as_the_jobs_that_go_last_unless_it_is_said()
    {
        var options = new RetentionOptions { Failed = Timeout.InfiniteTimeSpan };
        options.Queue("audited", 400 * Day);
        options.ToRules().Log.ShouldBe(400 * Day);
        options.Log = Day;
        options.ToRules().Log.ShouldBe(Day);

        var forEver = Timeout.InfiniteTimeSpan;
        new RetentionOptions { Succeeded = forEver, Cancelled = forEver, Failed = forEver }.ToRules().Log.ShouldBe(forEver);
    }

    [Fact]
    public void It_is_bound_from_configuration()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Retention:Succeeded"] = "1.00:00:00",
            ["Retention:Failed"] = "-00:00:00.001",
            ["Retention:Log"] = "14.00:00:00",
            ["Retention:Queues:imports:Succeeded"] = "02:00:00",
            ["Retention:Types:mail:Failed"] = "90.00:00:00",
        }).Build();
        var options = new RetentionOptions();
        configuration.GetSection("Retention").Bind(options);
        options.Validate();
        var rules = options.ToRules();

        rules.Keep("imports", "t", JobState.Succeeded, isDefined: false).ShouldBe(TimeSpan.FromHours(2));
        rules.Keep("q", "t", JobState.Succeeded, isDefined: false).ShouldBe(Day);
        rules.Keep("q", "t", JobState.Failed, isDefined: false).ShouldBeNull();
        rules.Keep("q", "mail", JobState.Failed, isDefined: false).ShouldBe(90 * Day);
        rules.Log.ShouldBe(14 * Day);
    }

    [Fact]
    public void Nonsense_is_refused_with_what_would_be_right()
    {
        Refusal(options => options.Succeeded = TimeSpan.Zero).ShouldBe("By the retention, succeeded jobs are kept for 00:00:00; it is at least 1 s, or Timeout.InfiniteTimeSpan for ever.");
        Refusal(options => options.Queue("q", TimeSpan.FromSeconds(-5))).ShouldContain("succeeded jobs of the queue 'q' are");
        Refusal(options => options.Type("t", TimeSpan.FromMilliseconds(5))).ShouldContain("succeeded jobs of the type 't' are");
        Refusal(options => options.Log = TimeSpan.FromMilliseconds(999)).ShouldContain("the log is");
        Refusal(options => options.Queue("", Day)).ShouldContain("queue");
    }

    private static string Refusal(Action<RetentionOptions> set)
    {
        var options = new RetentionOptions();
        set(options);
        return Should.Throw<ArgumentException>(options.Validate).Message;
    }
}
