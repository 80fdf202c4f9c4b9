using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Diagnostics;
using PgConductor.Workers;

namespace PgConductor.Orchestration;

/// <summary>The slow loop: the history's partitions, work that waits here for too long, and transactions that are open for too long.</summary>
internal sealed class Housekeeping(IDatabaseClient database, IReadOnlyList<Worker> workers, TimeProvider timeProvider, ILogger logger)
{
    private static readonly TimeSpan _tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestBuffered = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _maintainEvery = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan _retryMaintainAfter = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _heldTooLong = TimeSpan.FromMinutes(5);

    public async Task RunAsync(CancellationToken stop)
    {
        var nextMaintenance = TimeSpan.Zero;
        var start = timeProvider.GetTimestamp();
        using var timer = new PeriodicTimer(_tick, timeProvider);
        try
        {
            do
            {
                foreach (var worker in workers)
                {
                    worker.HandBackStale(_longestBuffered);
                }

                if (timeProvider.GetElapsedTime(start) >= nextMaintenance)
                {
                    var pause = await MaintainAsync(stop).ConfigureAwait(false);
                    nextMaintenance = timeProvider.GetElapsedTime(start) + pause;
                }
            }
            while (await timer.WaitForNextTickAsync(stop).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
    }

    private async Task<TimeSpan> MaintainAsync(CancellationToken stop)
    {
        try
        {
            await database.MaintainAsync(stop).ConfigureAwait(false);
            foreach (var held in await database.GetHeldHorizonAsync(_heldTooLong, stop).ConfigureAwait(false))
            {
                OrchestratorLog.HeldHorizon(logger, held.Age, held.State, held.ApplicationName, held.ProcessId);
            }

            return _maintainEvery;
        }
        catch (Exception exception) when (exception is not OperationCanceledException and not OutOfMemoryException)
        {
            Telemetry.DatabaseError("maintain", exception);
            OrchestratorLog.MaintenanceFailed(logger, _retryMaintainAfter, exception);
            return _retryMaintainAfter;
        }
    }
}
