namespace Steadwork.StoreTests.Fixtures;

/// <summary>One transition of every kind, by a name that a test report can show.</summary>
internal static class Transitions
{
    public static IReadOnlyDictionary<string, Func<DateTimeOffset, Transition>> ByName { get; } = new Dictionary<string, Func<DateTimeOffset, Transition>>
    {
        ["succeed"] = _ => new Transition.Succeed(Some.Json("""{"rows":3}""")),
        ["succeed without a result"] = _ => Some.Success,
        ["retry later"] = now => new Transition.Retry(now.AddSeconds(60), Some.Error),
        ["retry at once"] = now => new Transition.Retry(now, Some.Error),
        ["retry alone after a crash"] = now => new Transition.Retry(now, Some.Crash, Alone: true),
        ["retry with what it left behind"] = now => new Transition.Retry(now.AddSeconds(60), Some.Error, Alone: false, Some.Json("[1]")),
        ["snooze"] = now => new Transition.Snooze(now.AddSeconds(60)),
        ["snooze unstarted"] = now => new Transition.Snooze(now.AddSeconds(60), Started: false),
        ["fail"] = _ => new Transition.Fail(Some.Error),
        ["fail by a crash"] = _ => new Transition.Fail(Some.Crash),
        ["fail with what it left behind"] = _ => new Transition.Fail(Some.Error, Some.Json("[1]")),
        ["cancel"] = _ => new Transition.Cancel("enough"),
        ["release unstarted"] = _ => new Transition.Release(Started: false),
        ["release started"] = _ => new Transition.Release(Started: true),
        ["release after a crash"] = _ => new Transition.Release(Started: true, Alone: false, Some.Crash),
        ["release as a suspect"] = _ => new Transition.Release(Started: true, Alone: true, Some.Crash),
    };
}
