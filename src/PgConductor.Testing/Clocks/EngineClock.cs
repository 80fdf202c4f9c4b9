using System.Collections.Concurrent;

namespace PgConductor.Testing.Clocks;

/// <summary>The clock of the engine under test: its date is the test's, its waits end after their real time or when the test's clock jumps past them, whichever is first.</summary>
/// <remarks>
/// On a clock that only stands still the engine would too: it polls, flushes and beats by timers. Elapsed time is
/// real, so that a jump of a year is not taken for a year of silence of the database. A jump rings a timer once,
/// however many of its periods it passes. Thread-safe.
/// </remarks>
internal sealed class EngineClock(DateTimeOffset start) : TimeProvider
{
    private readonly ConcurrentDictionary<EngineTimer, bool> _armed = new();
    private long _now = start.UtcTicks;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _now), TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new EngineTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Sets the date; nothing rings yet.</summary>
    public void MoveTo(DateTimeOffset instant) => Volatile.Write(ref _now, instant.UtcTicks);

    /// <summary>Rings what the date has passed.</summary>
    public void RingPassed()
    {
        var now = GetUtcNow();
        foreach (var timer in _armed.Keys)
        {
            timer.RingIfPassed(now);
        }
    }

    private sealed class EngineTimer(EngineClock owner, TimerCallback callback, object? state) : ITimer
    {
        /// <summary>The longest that a timer of the system takes.</summary>
        private static readonly TimeSpan _longest = TimeSpan.FromDays(49);

        private readonly Lock _gate = new();
        private ITimer? _real;
        private TimeSpan _period;
        private DateTimeOffset _due;
        private long _arming;
        private bool _disposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_gate)
            {
                if (_disposed)
                {
                    return false;
                }

                Arm_NeedsGate(dueTime, period);
                return true;
            }
        }

        public void RingIfPassed(DateTimeOffset now)
        {
            long arming;
            lock (_gate)
            {
                if (!owner._armed.ContainsKey(this) || _due > now)
                {
                    return;
                }

                arming = _arming;
            }

            // As the system's timers do: what it wakes must not run inside the move of the clock.
            ThreadPool.UnsafeQueueUserWorkItem(static work => work.Timer.Ring(work.Arming), (Timer: this, Arming: arming), preferLocal: false);
        }

        public void Dispose()
        {
            lock (_gate)
            {
                _disposed = true;
                Disarm_NeedsGate();
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        /// <summary>Once an arming: the real timer and the jump may both come.</summary>
        private void Ring(long arming)
        {
            lock (_gate)
            {
                if (_disposed || arming != _arming)
                {
                    return;
                }

                if (_period > TimeSpan.Zero)
                {
                    Arm_NeedsGate(_period, _period);
                }
                else
                {
                    Disarm_NeedsGate();
                }
            }

            callback(state);
        }

        private void Arm_NeedsGate(TimeSpan dueTime, TimeSpan period)
        {
            Disarm_NeedsGate();
            _period = period;
            if (dueTime < TimeSpan.Zero)
            {
                return;
            }

            var arming = _arming;
            var now = owner.GetUtcNow();
            _due = dueTime < DateTimeOffset.MaxValue - now ? now + dueTime : DateTimeOffset.MaxValue;
            owner._armed[this] = true;
            _real = System.CreateTimer(_ => Ring(arming), null, dueTime < _longest ? dueTime : _longest, Timeout.InfiniteTimeSpan);
        }

        private void Disarm_NeedsGate()
        {
            _arming++;
            _real?.Dispose();
            _real = null;
            owner._armed.TryRemove(this, out _);
        }
    }
}
