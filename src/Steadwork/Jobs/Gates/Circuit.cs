namespace Steadwork;

/// <summary>Whether a breaker lets jobs through.</summary>
public enum BreakerState
{
    /// <summary>It lets all through.</summary>
    Closed,

    /// <summary>It lets none through.</summary>
    Open,

    /// <summary>It lets a few through, to see how they fare.</summary>
    HalfOpen,
}

/// <summary>Calls of something outside.</summary>
/// <param name="All">How many.</param>
/// <param name="Failed">How many of them failed.</param>
public readonly record struct CallCounts(long All, long Failed)
{
    /// <summary>Adds counts.</summary>
    public static CallCounts operator +(CallCounts a, CallCounts b) => new(a.All + b.All, a.Failed + b.Failed);
}

/// <summary>Where a breaker stands, and what follows from what happens. Pure: the time is an argument.</summary>
/// <param name="State">Whether it lets jobs through.</param>
/// <param name="Since">Since when.</param>
/// <param name="Until">Open, from when on some are let through: null for as long as nobody closes it. Half-open, when others are let through in the place of those whose fate never became known.</param>
/// <param name="LetThrough">Half-open, how many have been let through.</param>
/// <param name="Passed">Half-open, how many of those have succeeded.</param>
public readonly record struct Circuit(BreakerState State, DateTimeOffset Since, DateTimeOffset? Until = null, int LetThrough = 0, int Passed = 0)
{
    /// <summary>How many more jobs it lets through at a time; null when it lets all.</summary>
    public int? Left(BreakerDefinition definition, DateTimeOffset now) => State switch
    {
        BreakerState.Closed => null,
        _ when IsOver(definition, now) => definition.Probes,
        BreakerState.Open => 0,
        _ => Math.Max(0, definition.Probes - LetThrough),
    };

    /// <summary>Some have been let through that was not closed.</summary>
    public Circuit AfterClaim(BreakerDefinition definition, int claimed, DateTimeOffset now) =>
        State is BreakerState.HalfOpen && !IsOver(definition, now)
            ? this with { LetThrough = LetThrough + claimed }
            : new Circuit(BreakerState.HalfOpen, now, now + definition.BreakTime, claimed);

    /// <summary>Whether its time has come, or is further off than any break is long: the clock was set back since, or the break was longer then.</summary>
    private bool IsOver(BreakerDefinition definition, DateTimeOffset now) => Until <= now || Until > now + definition.BreakTime + GateClock.Slack;

    /// <summary>Calls have ended.</summary>
    /// <param name="definition">How the breaker is set.</param>
    /// <param name="calls">These calls. Where none of them failed it does not open: a minimum that is reached by one that went well is no reason.</param>
    /// <param name="window">Closed, the calls of the window, these included.</param>
    /// <param name="probes">Of these calls, those of jobs that were let through while it was not closed.</param>
    /// <param name="now">The time.</param>
    public Circuit AfterCalls(BreakerDefinition definition, CallCounts calls, CallCounts window, CallCounts probes, DateTimeOffset now) => State switch
    {
        BreakerState.Closed when calls.Failed > 0 && window.All >= definition.MinimumCalls && window.Failed >= definition.FailureRatio * window.All => Opened(definition, now),
        BreakerState.HalfOpen when probes.Failed > 0 => Opened(definition, now),
        BreakerState.HalfOpen when Passed + probes.All >= definition.Probes => new Circuit(BreakerState.Closed, now),
        BreakerState.HalfOpen => this with { Passed = Passed + (int)probes.All },
        _ => this,
    };

    /// <summary>One that somebody has opened, until it is closed by hand, or closed.</summary>
    public static Circuit ByHand(bool open, DateTimeOffset now) => new(open ? BreakerState.Open : BreakerState.Closed, now);

    /// <summary>Whether it stands as somebody wants to have it by hand.</summary>
    public bool Stands(bool open) => open ? this is { State: BreakerState.Open, Until: null } : State is BreakerState.Closed;

    private static Circuit Opened(BreakerDefinition definition, DateTimeOffset now) => new(BreakerState.Open, now, now + definition.BreakTime);
}
