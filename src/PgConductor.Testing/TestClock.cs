namespace PgConductor.Testing;

/// <summary>A clock that stands still until it is moved; timers fire, in order of their time, inside <see cref="Advance"/>.</summary>
/// <remarks>Thread-safe. Its resolution is the database's: a microsecond.</remarks>
public sealed class TestClock(DateTimeOffset start) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly HashSet<ManualTimer> _timers = [];
    private DateTimeOffset _now = start;
    private long _made;

    /// <summary>Starts on an ordinary Wednesday.</summary>
    public TestClock()
        : this(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero))
    {
    }

    /// <summary>Timers that wait for the clock: code that sleeps, or has a timeout running.</summary>
    public int ActiveTimers
    {
        get
        {
            lock (_gate)
            {
                return _timers.Count;
            }
        }
    }

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _now;
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => GetUtcNow().Ticks;

    /// <summary>Moves the clock on; every timer that falls due on the way fires at its own time.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var target = GetUtcNow() + by;
        while (true)
        {
            ManualTimer? due;
            lock (_gate)
            {
                due = _timers.Where(timer => timer.DueAt <= target).OrderBy(timer => timer.DueAt).ThenBy(timer => timer.Order).FirstOrDefault();
                if (due is null)
                {
                    _now = _now > target ? _now : target;
                    return;
                }

                _now = _now > due.DueAt ? _now : due.DueAt;
                Rearm_NeedsGate(due, due.Period);
            }

            due.Fire();
        }
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state, Interlocked.Increment(ref _made));
        timer.Change(dueTime, period);
        return timer;
    }

    private void Rearm_NeedsGate(ManualTimer timer, TimeSpan after)
    {
        if (after < TimeSpan.Zero || (after == TimeSpan.Zero && timer.Period == TimeSpan.Zero))
        {
            _timers.Remove(timer);
            return;
        }

        timer.DueAt = _now + after;
        _timers.Add(timer);
    }

    private sealed class ManualTimer(TestClock clock, TimerCallback callback, object? state, long order) : ITimer
    {
        public long Order => order;

        public DateTimeOffset DueAt { get; set; }

        public TimeSpan Period { get; private set; } = Timeout.InfiniteTimeSpan;

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                Period = period > TimeSpan.Zero ? period : Timeout.InfiniteTimeSpan;
                clock.Rearm_NeedsGate(this, dueTime);
            }

            if (dueTime == TimeSpan.Zero)
            {
                ThreadPool.QueueUserWorkItem(_ => clock.Advance(TimeSpan.Zero));
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock._gate)
            {
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
