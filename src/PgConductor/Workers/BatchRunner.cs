using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using PgConductor.Diagnostics;

namespace PgConductor.Workers;

/// <summary>Runs one batch and sees to it that each of its executions has its outcome.</summary>
/// <remarks>Thread-safe: all slots of a worker share one.</remarks>
internal sealed class BatchRunner(WorkerServices services)
{
    private readonly ILogger _logger = services.LoggerFactory.CreateLogger<BatchRunner>();
    private readonly ConcurrentDictionary<RunningBatch, bool> _running = new();

    public async ValueTask RunAsync(RunningBatch batch)
    {
        if (!batch.Start())
        {
            return;
        }

        using var lines = services.Logs is { } logs && logs.Keeps(batch.Registration.Definition.Options)
            ? new BatchRunLog(logs, batch.TaskKey, batch.Items.Select(execution => (execution.ExecutionId, execution.Attempt)))
            : null;
        batch.Lines = lines;
        _running[batch] = true;
        Exception? error;
        try
        {
            error = await HandleAsync(batch).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // Not the handler: a listener of metrics or of traces. It costs the attempts, never the slot.
            BatchLog.RunnerFailed(_logger, batch.TaskKey, exception);
            error = exception;
        }
        finally
        {
            _running.TryRemove(batch, out _);
        }

        try
        {
            await batch.DisposeScopeAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            BatchLog.DisposeFailed(_logger, batch.TaskKey, exception);
        }

        var failed = batch.End(error);
        if (failed > 0)
        {
            BatchLog.BatchFailed(_logger, batch.TaskKey, batch.Items.Count, failed, error!);
        }
    }

    /// <summary>Tells every batch that runs to stop.</summary>
    public void StopAll(StopReason reason)
    {
        foreach (var batch in _running.Keys)
        {
            batch.Stop(reason);
        }
    }

    /// <summary>Returns what the handler threw.</summary>
    private async Task<Exception?> HandleAsync(RunningBatch batch)
    {
        using var activity = StartActivity(batch);
        using var timer = batch.Registration.Definition.Options.Timeout is { } timeout
            ? services.TimeProvider.CreateTimer(_ => batch.Stop(StopReason.TimedOut, $"it ran longer than its timeout of {timeout}"), null, timeout, Timeout.InfiniteTimeSpan)
            : null;
        var start = services.TimeProvider.GetTimestamp();
        Telemetry.RunStarted(batch.TaskKey);
        Telemetry.BatchStarted(batch.TaskKey, batch.Items.Count);
        try
        {
            using var scope = _logger.IsEnabled(LogLevel.Critical)
                ? _logger.BeginScope(new KeyValuePair<string, object?>[] { new("TaskKey", batch.TaskKey), new("BatchSize", batch.Items.Count) })
                : null;
            await batch.Registration.RunAsync(batch, services.Serializer).ConfigureAwait(false);
            return null;
        }
        catch (Exception exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
            return exception;
        }
        finally
        {
            Telemetry.RunEnded(batch.TaskKey, services.TimeProvider.GetElapsedTime(start));
        }
    }

    /// <summary>One trace for the batch, with a link to where each of its executions was enqueued.</summary>
    private static Activity? StartActivity(RunningBatch batch)
    {
        if (!Telemetry.Activities.HasListeners())
        {
            return null;
        }

        var links = new List<ActivityLink>();
        foreach (var execution in batch.Items)
        {
            if (ActivityContext.TryParse(execution.Claimed.TraceParent, null, isRemote: true, out var context))
            {
                links.Add(new ActivityLink(context, new ActivityTagsCollection { ["pgconductor.execution"] = execution.ExecutionId, ["pgconductor.attempt"] = execution.Attempt }));
            }
        }

        var activity = Telemetry.Activities.StartActivity(ActivityKind.Consumer, links: links, name: $"run batch {batch.TaskKey}");
        activity?.SetTag("pgconductor.task", batch.TaskKey);
        activity?.SetTag("pgconductor.queue", batch.Queue);
        activity?.SetTag("pgconductor.batch.size", batch.Items.Count);
        return activity;
    }
}
