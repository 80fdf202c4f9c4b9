using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Diagnostics;
using PgConductor.Workers;

namespace PgConductor.Orchestration;

/// <summary>The loop that looks at the schedules when one is due, and asks the database nothing before that.</summary>
/// <remarks>
/// When the next one is due it knows from its last look and from every heartbeat, which hears of schedules that were made or taken on
/// meanwhile; a new one is announced by NOTIFY, on which the heartbeat hurries. Thread-safe.
/// </remarks>
internal sealed class Scheduler(ScheduleRunner runner, TimeSpan longestPause, TimeProvider timeProvider, ILogger logger)
{
    private readonly WakeSignal _bell = new(timeProvider);
    private readonly Lock _gate = new();
    private readonly long _start = timeProvider.GetTimestamp();
    private TimeSpan _lookAt = TimeSpan.MaxValue;

    private TimeSpan Now => timeProvider.GetElapsedTime(_start);

    /// <summary>A schedule is due in so long, or sooner than was known.</summary>
    public void DueIn(TimeSpan time)
    {
        var now = Now;
        var at = time < TimeSpan.MaxValue - now ? now + time : TimeSpan.MaxValue;
        lock (_gate)
        {
            if (at >= _lookAt)
            {
                return;
            }

            _lookAt = at;
        }

        _bell.Ring();
    }

    public async Task RunAsync(CancellationToken stop)
    {
        var failures = 0;
        while (true)
        {
            try
            {
                while (!TakeDue(out var wait))
                {
                    await _bell.WaitAsync(wait, stop).ConfigureAwait(false);
                }

                stop.ThrowIfCancellationRequested();
                if (await runner.RunDueAsync(stop).ConfigureAwait(false) is { } next)
                {
                    DueIn(next);
                }

                failures = 0;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                var pause = TransientRetry.Pause(failures++);
                pause = pause < longestPause ? pause : longestPause;
                Telemetry.DatabaseError("schedule", exception);
                SchedulerLog.Failed(logger, pause, exception);
                DueIn(pause);
            }
        }
    }

    /// <summary>True: it is time to look. False: not before this has passed.</summary>
    private bool TakeDue(out TimeSpan wait)
    {
        lock (_gate)
        {
            wait = _lookAt - Now;
            if (wait > TimeSpan.Zero)
            {
                return false;
            }

            _lookAt = TimeSpan.MaxValue;
            return true;
        }
    }
}
