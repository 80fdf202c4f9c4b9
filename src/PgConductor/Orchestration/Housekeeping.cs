using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Diagnostics;
using PgConductor.Workers;

namespace PgConductor.Orchestration;

/// <summary>The slow loop: the history's partitions, work that waits here for too long, and transactions that are open for too long.</summary>
internal sealed class Housekeeping(IDatabaseClient database, IReadOnlyList<Worker> workers, TimeProvider timeProvider, ILogger logger, GaugeSource? gauges = null)
{
    private static readonly TimeSpan _tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestBuffered = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _maintainEvery = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan _retryMaintainAfter = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _goOnAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _reportEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _heldTooLong = TimeSpan.FromMinutes(5);

    /// <summary>What one call of maintain deletes of a table at most (its p_limit).</summary>
    private const long DeletedAtOnce = 10_000;

    public async Task RunAsync(CancellationToken stop)
    {
        var nextMaintenance = TimeSpan.Zero;
        var nextReport = TimeSpan.Zero;
        var reporting = Task.CompletedTask;
        var start = timeProvider.GetTimestamp();
        using var timer = new PeriodicTimer(_tick, timeProvider);
        Task<TimeSpan>? maintaining = null;
        try
        {
            do
            {
                foreach (var worker in workers)
                {
                    worker.HandBackStale(_longestBuffered);
                }

                // Beside the ticks: it may take as long as a statement may, and what waits here must not wait for it.
                if (maintaining is { IsCompleted: true })
                {
                    nextMaintenance = timeProvider.GetElapsedTime(start) + await maintaining.ConfigureAwait(false);
                    maintaining = null;
                }

                if (maintaining is null && timeProvider.GetElapsedTime(start) >= nextMaintenance)
                {
                    maintaining = MaintainAsync(stop);
                }

                if (reporting.IsCompleted && timeProvider.GetElapsedTime(start) >= nextReport)
                {
                    nextReport = timeProvider.GetElapsedTime(start) + _reportEvery;
                    reporting = Task.WhenAll(ReportAsync(stop), SampleAsync(stop));
                }
            }
            while (await timer.WaitForNextTickAsync(stop).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop.
        }

        await reporting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (maintaining is not null)
        {
            await ((Task)maintaining).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Events that failed inside of others' transactions: nobody but us can tell.</summary>
    private async Task ReportAsync(CancellationToken stop)
    {
        try
        {
            foreach (var failure in await database.ReportEventFailuresAsync(stop).ConfigureAwait(false))
            {
                Telemetry.EventFailed(failure.TaskKey);
                OrchestratorLog.EventFailed(logger, failure.Source, failure.TaskKey, failure.Message, failure.Id);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop.
        }
        catch (Exception exception)
        {
            Telemetry.DatabaseError("report-events", exception);
            OrchestratorLog.EventFailuresUnread(logger, exception);
        }
    }

    /// <summary>What metrics ask of the database, if anybody reads them.</summary>
    private async Task SampleAsync(CancellationToken stop)
    {
        if (gauges is null || !Telemetry.MeasuresDatabase)
        {
            return;
        }

        try
        {
            await gauges.SampleAsync(database, stop).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            // The error is a metric itself, and what is known stays.
            Telemetry.DatabaseError("sample", exception);
        }
    }

    private async Task<TimeSpan> MaintainAsync(CancellationToken stop)
    {
        try
        {
            var report = await database.MaintainAsync(stop).ConfigureAwait(false);
            Telemetry.Maintained(report);
            foreach (var wrong in await database.CheckLimitsAsync(stop).ConfigureAwait(false))
            {
                LimitsLog.CounterWrong(logger, wrong.TaskKey, wrong.Key, wrong.Running, wrong.Actual);
            }

            foreach (var held in await database.GetHeldHorizonAsync(_heldTooLong, stop).ConfigureAwait(false))
            {
                OrchestratorLog.HeldHorizon(logger, held.Age, held.State, held.ApplicationName, held.ProcessId);
            }

            // There is more, or nearly: what comes faster than one call in ten minutes deletes must not pile up.
            return report.Deleted >= DeletedAtOnce ? _goOnAfter : _maintainEvery;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            Telemetry.DatabaseError("maintain", exception);
            Telemetry.Maintained(null);
            OrchestratorLog.MaintenanceFailed(logger, _retryMaintainAfter, exception);
            return _retryMaintainAfter;
        }
    }
}
