using System.Diagnostics;
using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Diagnostics;
using PgConductor.Serialization;
using PgConductor.Steps;

namespace PgConductor.Workers;

/// <summary>Runs one execution and says what its end means.</summary>
/// <remarks>Thread-safe: all slots of a worker share one.</remarks>
internal sealed class ExecutionRunner(WorkerServices services, ResultFlusher flusher)
{
    private static readonly TimeSpan _longestDelay = TimeSpan.FromDays(3653);

    private readonly ILogger _logger = services.LoggerFactory.CreateLogger<ExecutionRunner>();

    public async ValueTask RunAsync(RunningExecution execution)
    {
        Outcome? outcome;
        try
        {
            outcome = await DecideAsync(execution).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // Not the handler: a logger, a listener, an exception that cannot even be described. It costs the attempt,
            // never the slot.
            outcome = Make(execution, OutcomeKind.Failed, error: FailureRecord.Write(exception.GetType().Name, "The attempt could not be reported as it was."));
        }

        try
        {
            var ending = execution.EndAsync();
            if (!ending.IsCompletedSuccessfully)
            {
                await ending.ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            WorkerLog.DisposeFailed(_logger, execution.ExecutionId, execution.TaskKey, exception);
        }

        flusher.Add(execution, outcome);
    }

    private async ValueTask<Outcome?> DecideAsync(RunningExecution execution)
    {
        if (execution.StopReason != StopReason.None)
        {
            // Stopped before it started.
            return Stopped(execution, exception: null);
        }

        if (execution.IsWindowClosed)
        {
            // Claimed in the window's last moments, and its turn comes only now.
            return Make(execution, OutcomeKind.Released);
        }

        if (!services.Tasks.TryGetValue(execution.TaskKey, out var task))
        {
            WorkerLog.UnknownTask(_logger, execution.ExecutionId, execution.TaskKey);
            return Make(execution, OutcomeKind.Released, delay: TimeSpan.FromSeconds(10));
        }

        using var activity = StartActivity(execution);
        using var lines = services.Logs is { } logs && logs.Keeps(task.Definition.Options) ? new ExecutionLog(logs, execution.ExecutionId, execution.TaskKey, execution.Attempt, isCurrent: true) : null;
        using var timer = task.Definition.Options.Timeout is { } timeout ? execution.StopAfter(timeout, services.TimeProvider) : null;
        var measures = Telemetry.MeasuresRuns;
        var start = measures ? services.TimeProvider.GetTimestamp() : 0;
        if (measures)
        {
            Telemetry.RunStarted(execution.TaskKey);
        }

        try
        {
            using var scope = _logger.IsEnabled(LogLevel.Critical) ? _logger.BeginScope(new ExecutionLogScope(execution)) : null;
            if (execution.Claimed.StepsLeftBehind)
            {
                await execution.LoadStepsAsync().ConfigureAwait(false);
            }

            var running = task.RunAsync(execution.Claimed.Payload, execution, services.Serializer);
            byte[]? result;
            if (running.IsCompleted)
            {
                result = await running.ConfigureAwait(false);
            }
            else
            {
                var handler = running.AsTask();
                if (await ParksAsync(handler, execution.FlowGate).ConfigureAwait(false))
                {
                    return execution.Parked();
                }

                result = await handler.ConfigureAwait(false);
            }

            return result is null ? null : Make(execution, OutcomeKind.Completed, result: result);
        }
        catch (Exception exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
            return Failed(execution, task.Definition.Options, exception);
        }
        finally
        {
            if (measures)
            {
                Telemetry.RunEnded(execution.TaskKey, services.TimeProvider.GetElapsedTime(start));
            }
        }
    }

    /// <summary>Waits until the handler ends or is parked. True: it was parked; what is left of it never goes on.</summary>
    private static async ValueTask<bool> ParksAsync(Task handler, FlowGate gate)
    {
        gate.HandlerReturned();
        await Task.WhenAny(handler, gate.Parked).ConfigureAwait(false);
        if (gate.TryEnd())
        {
            return false;
        }

        // Code that awaited something else than steps may still end somehow: nobody asks for that any more.
        _ = handler.ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return true;
    }

    /// <summary>What an attempt's error means for its execution.</summary>
    /// <param name="execution">Whose.</param>
    /// <param name="options">Its task's.</param>
    /// <param name="exception">The error.</param>
    /// <param name="isReported">It is in the log already, as the error of a whole batch.</param>
    public Outcome Failed(RunningExecution execution, TaskOptions options, Exception exception, bool isReported = false)
    {
        switch (execution.StopReason)
        {
            case StopReason.Cancelled:
            case StopReason.Fenced:
            case StopReason.Shutdown when exception is OperationCanceledException:
                return Stopped(execution, exception);
            case StopReason.TimedOut:
                exception = new TimeoutException($"It was cancelled because {execution.StopText}.", exception);
                break;
            default:
                break;
        }

        if (!isReported)
        {
            WorkerLog.ExecutionFailed(_logger, execution.ExecutionId, execution.TaskKey, execution.Attempt, exception);
        }

        switch (exception)
        {
            case NonRetryableException:
                return Make(execution, OutcomeKind.Dead, error: FailureRecord.From(exception));
            case var _ when FindChildFailure(exception) is { } child:
                return Make(execution, OutcomeKind.Dead, error: FailureRecord.From(exception, child.StepName));
            case ResultException:
                return Make(execution, OutcomeKind.Dead, error: FailureRecord.From(exception.InnerException!));
            case RetryAfterException retryAfter:
                return Make(execution, OutcomeKind.Failed, error: FailureRecord.From(exception), delay: retryAfter.Delay);
            default:
                return WithBackoff(execution, options, exception);
        }
    }

    /// <summary>A child's end is stored: running the parent again would come to the same.</summary>
    private static ChildFailedException? FindChildFailure(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is ChildFailedException child)
            {
                return child;
            }
        }

        return null;
    }

    private Outcome WithBackoff(RunningExecution execution, TaskOptions options, Exception exception)
    {
        if (options.BackoffFunction is not { } backoff)
        {
            return Make(execution, OutcomeKind.Failed, error: FailureRecord.From(exception));
        }

        try
        {
            var delay = backoff(execution.Attempt, exception);
            if (delay < TimeSpan.Zero || delay > _longestDelay)
            {
                throw new InvalidOperationException($"The BackoffFunction of task \"{execution.TaskKey}\" returned {delay}; it must be zero to 10 years. The task's backoff is used.", exception);
            }

            return Make(execution, OutcomeKind.Failed, error: FailureRecord.From(exception), delay: delay);
        }
        catch (Exception faulty) when (faulty is not OutOfMemoryException)
        {
            WorkerLog.ExecutionFailed(_logger, execution.ExecutionId, execution.TaskKey, execution.Attempt, faulty);
            return Make(execution, OutcomeKind.Failed, error: FailureRecord.From(faulty));
        }
    }

    /// <summary>What becomes of one that was told to stop, and has.</summary>
    public Outcome Stopped(RunningExecution execution, Exception? exception)
    {
        if (execution.StopReason == StopReason.Cancelled)
        {
            WorkerLog.ExecutionCancelled(_logger, execution.ExecutionId, execution.TaskKey, execution.Attempt, execution.StopText);
            return Make(execution, OutcomeKind.Cancelled, error: FailureRecord.Write("Cancelled", execution.StopText ?? exception?.Message ?? "cancelled"));
        }

        return Make(execution, OutcomeKind.Released);
    }

    public static Outcome Make(RunningExecution execution, OutcomeKind kind, byte[]? result = null, byte[]? error = null, TimeSpan? delay = null) =>
        new(execution.Lease.Id, execution.Claimed.Position, kind, result, error, delay);

    private static Activity? StartActivity(RunningExecution execution)
    {
        if (!Telemetry.Activities.HasListeners())
        {
            return null;
        }

        _ = ActivityContext.TryParse(execution.Claimed.TraceParent, null, isRemote: true, out var parent);
        var activity = Telemetry.Activities.StartActivity($"run {execution.TaskKey}", ActivityKind.Consumer, parent);
        activity?.SetTag("pgconductor.task", execution.TaskKey);
        activity?.SetTag("pgconductor.queue", execution.Queue);
        activity?.SetTag("pgconductor.execution", execution.ExecutionId);
        activity?.SetTag("pgconductor.attempt", execution.Attempt);
        return activity;
    }
}
