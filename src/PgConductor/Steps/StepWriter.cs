using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Diagnostics;

namespace PgConductor.Steps;

/// <summary>Stores the steps of all executions of a process: while one call is under way the next ones queue, and go together.</summary>
/// <remarks>
/// An idle writer sends at once; a busy one sends what has gathered, so that under load one commit carries many steps. A call
/// that failed for now is repeated: a step stored twice is stored once. One whose data the database refuses is divided until
/// the step to blame is alone, and only that one fails. Thread-safe.
/// </remarks>
internal sealed class StepWriter(IStepStore database, Guid orchestratorId, TimeProvider timeProvider, ILogger logger)
{
    private const int MaxSteps = 1000;
    private const int MaxBytes = 16 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Queue<Entry> _queue = new();
    private bool _sending;

    /// <summary>Stores a step. Returns once the database has answered, however long that takes: what was done is worth it, even when its handler was told to stop.</summary>
    public Task<StepEffect> SaveAsync(StepSave step)
    {
        var entry = new Entry(step);
        lock (_gate)
        {
            _queue.Enqueue(entry);
            if (!_sending)
            {
                _sending = true;
                _ = SendAllAsync();
            }
        }

        return entry.Answer.Task;
    }

    private async Task SendAllAsync()
    {
        // The caller goes on; what it enqueues next may come along.
        await Task.Yield();
        while (Take() is { } batch)
        {
            await SendAsync(batch).ConfigureAwait(false);
        }
    }

    private List<Entry>? Take()
    {
        lock (_gate)
        {
            if (_queue.Count == 0)
            {
                _sending = false;
                return null;
            }

            var batch = new List<Entry>(Math.Min(_queue.Count, MaxSteps));
            long bytes = 0;
            while (batch.Count < MaxSteps && _queue.TryPeek(out var next) && (batch.Count == 0 || bytes + next.Bytes <= MaxBytes))
            {
                batch.Add(_queue.Dequeue());
                bytes += next.Bytes;
            }

            return batch;
        }
    }

    private async Task SendAsync(List<Entry> batch)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                var effects = await database.SaveStepsAsync(orchestratorId, batch.ConvertAll(static entry => entry.Step), CancellationToken.None).ConfigureAwait(false);
                for (var i = 0; i < batch.Count; i++)
                {
                    batch[i].Answer.TrySetResult(effects[i]);
                }

                return;
            }
            catch (Exception exception)
            {
                Telemetry.DatabaseError("steps", exception);
                if (SqlStateMap.IsTransient(exception))
                {
                    StepsLog.SaveFailed(logger, batch.Count, exception);
                    await Task.Delay(TransientRetry.Pause(failures), timeProvider, CancellationToken.None).ConfigureAwait(false);
                    continue;
                }

                if (batch.Count == 1)
                {
                    batch[0].Answer.TrySetException(exception);
                    return;
                }

                // Something in it is to blame, or everything: found out by halves.
                var half = batch.Count / 2;
                await SendAsync(batch.GetRange(0, half)).ConfigureAwait(false);
                batch = batch.GetRange(half, batch.Count - half);
            }
        }
    }

    private sealed class Entry(StepSave step)
    {
        public StepSave Step => step;

        public int Bytes => (step.Result?.Length ?? 0) + 100;

        public TaskCompletionSource<StepEffect> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
