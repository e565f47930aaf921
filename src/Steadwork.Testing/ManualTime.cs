namespace Steadwork.Testing;

/// <summary>A clock that moves only by hand. Timers that were made from it fire, on the thread that moves it, when it passes their time.</summary>
/// <remarks>Every member is thread-safe. Timers fire in the order of their times, and each sees the time at which it was due.</remarks>
public sealed class ManualTime : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<ManualTimer> timers = [];
    private DateTimeOffset utcNow;
    private long elapsed;

    /// <summary>Raised after each move, on the thread that moves it: a clock elsewhere can follow this one.</summary>
    internal event Action? Moved;

    /// <summary>Creates a clock that stands.</summary>
    /// <param name="start">The time that it shows at first; null takes 1 January 2025, 00:00 UTC.</param>
    public ManualTime(DateTimeOffset? start = null) =>
        utcNow = start?.ToUniversalTime() ?? new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>10,000,000: one tick of a <see cref="TimeSpan"/>.</summary>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>UTC, so that no test depends on where it runs.</summary>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>The wall clock: what <see cref="Advance"/> and <see cref="SetUtcNow"/> have made of it.</summary>
    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
            return utcNow;
    }

    /// <summary>The monotonic clock: moved by <see cref="Advance"/> alone.</summary>
    public override long GetTimestamp()
    {
        lock (gate)
            return elapsed;
    }

    /// <summary>Moves both clocks on, and fires the timers that fall due on the way.</summary>
    /// <param name="step">How far.</param>
    /// <exception cref="ArgumentOutOfRangeException">The step is negative: a monotonic clock does not go back.</exception>
    public void Advance(TimeSpan step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, TimeSpan.Zero);
        long end;
        lock (gate)
            end = elapsed + step.Ticks;
        while (MoveToNext(end) is { } timer)
        {
            Moved?.Invoke();
            timer.Fire();
        }
        Moved?.Invoke();
    }

    /// <summary>Sets the wall clock, as a person or a time server does: timers and the monotonic clock do not notice.</summary>
    /// <param name="time">The time that it shows from now on.</param>
    public void SetUtcNow(DateTimeOffset time)
    {
        lock (gate)
            utcNow = time.ToUniversalTime();
        Moved?.Invoke();
    }

    /// <summary>Makes a timer that fires when this clock is moved past its time.</summary>
    /// <param name="callback">What to call, on the thread that moves the clock or, where it is due at once, that makes the timer.</param>
    /// <param name="state">Its argument.</param>
    /// <param name="dueTime">When it fires first; zero fires at once, <see cref="Timeout.InfiniteTimeSpan"/> never.</param>
    /// <param name="period">The time between later calls; zero or <see cref="Timeout.InfiniteTimeSpan"/> fires once.</param>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves to the first timer that is due by the given end, or to the end itself when there is none.</summary>
    private ManualTimer? MoveToNext(long end)
    {
        lock (gate)
        {
            var next = timers.Where(timer => timer.DueAt <= end).MinBy(timer => timer.DueAt);
            var goal = Math.Max(elapsed, next?.DueAt ?? end);
            utcNow += TimeSpan.FromTicks(goal - elapsed);
            elapsed = goal;
            next?.Rearm();
            return next;
        }
    }

    private sealed class ManualTimer(ManualTime clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan period;

        public long DueAt { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, Timeout.InfiniteTimeSpan);
            ArgumentOutOfRangeException.ThrowIfLessThan(period, Timeout.InfiniteTimeSpan);
            lock (clock.gate)
            {
                this.period = period;
                DueAt = clock.elapsed + dueTime.Ticks;
                clock.timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                    clock.timers.Add(this);
            }
            if (dueTime == TimeSpan.Zero)
                clock.Advance(TimeSpan.Zero);
            return true;
        }

        /// <summary>The next time of a periodic timer; another one is done. The clock's gate is held.</summary>
        public void Rearm()
        {
            if (period > TimeSpan.Zero)
                DueAt += period.Ticks;
            else
                clock.timers.Remove(this);
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (clock.gate)
                clock.timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
