namespace PgConductor.Workers;

/// <summary>Gathers claimed executions of batch tasks until a batch is full or its first has waited long enough.</summary>
/// <remarks>
/// At most one batch a task is open. While it is, the fetcher claims more for it alone, so that other work is not claimed before
/// it can start. Thread-safe: the fetcher adds, timers close.
/// </remarks>
internal sealed class BatchCollector : IDisposable
{
    /// <summary>Between two looks for more, from the shortest after something was found to the longest.</summary>
    private static readonly TimeSpan _shortestPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMilliseconds(250);

    private readonly WorkerServices _services;
    private readonly WorkerLoad _load;
    private readonly Func<BatchRegistration, RunningBatch> _make;
    private readonly Action<RunningBatch> _onClosed;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, OpenBatch> _open = new(StringComparer.Ordinal);

    /// <param name="services">The worker's.</param>
    /// <param name="load">Told of each batch that is opened.</param>
    /// <param name="make">Makes one.</param>
    /// <param name="onClosed">Given each that is to be run.</param>
    public BatchCollector(WorkerServices services, WorkerLoad load, Func<BatchRegistration, RunningBatch> make, Action<RunningBatch> onClosed)
    {
        _services = services;
        _load = load;
        _make = make;
        _onClosed = onClosed;
    }

    /// <summary>Takes an execution, if it is of a batch task.</summary>
    public bool TryAdd(RunningExecution execution)
    {
        if (!_services.Tasks.TryGetValue(execution.TaskKey, out var registration) || registration is not BatchRegistration task)
        {
            return false;
        }

        lock (_gate)
        {
            if (!_open.TryGetValue(execution.TaskKey, out var open))
            {
                _load.Opened();
                open = new OpenBatch(task, _make(task)) { LookAt = _services.TimeProvider.GetTimestamp() };
                _open.Add(execution.TaskKey, open);
                if (task.Options.Wait > TimeSpan.Zero)
                {
                    open.Timer = _services.TimeProvider.CreateTimer(_ => CloseIfOpen(open), null, task.Options.Wait, Timeout.InfiniteTimeSpan);
                }
            }

            open.Batch.Add(execution);
            if (open.Batch.Gathered == task.Options.Size)
            {
                Close_NeedsGate(open);
            }
        }

        return true;
    }

    /// <summary>Whether executions of the task are gathered.</summary>
    public bool Gathers(string taskKey) => _services.Tasks.TryGetValue(taskKey, out var registration) && registration is BatchRegistration;

    /// <summary>What to claim now for a batch alone; null: nothing.</summary>
    public BatchWish? NextWish()
    {
        lock (_gate)
        {
            var now = _services.TimeProvider.GetTimestamp();
            OpenBatch? next = null;
            foreach (var open in _open.Values)
            {
                if (open.LookAt <= now && (next is null || open.LookAt < next.LookAt))
                {
                    next = open;
                }
            }

            if (next is null)
            {
                return null;
            }

            // Also when the claim fails, or its answer is lost.
            PutOff_NeedsGate(next, now);
            return new BatchWish(next.Task.Definition.Key, next.Task.Options.Size - next.Batch.Gathered);
        }
    }

    /// <summary>A claim for a batch came back, and what it brought was added.</summary>
    public void OnLooked(BatchWish wish, int found)
    {
        lock (_gate)
        {
            if (!_open.TryGetValue(wish.TaskKey, out var open))
            {
                return;
            }

            if (found < wish.Count && (open.ClosesEarly || open.Task.Options.Wait == TimeSpan.Zero))
            {
                Close_NeedsGate(open);
            }
            else if (found > 0)
            {
                open.Pause = _shortestPause;
                open.LookAt = _services.TimeProvider.GetTimestamp() + Ticks(found < wish.Count ? _shortestPause : TimeSpan.Zero);
            }
        }
    }

    /// <summary>How long the fetcher may wait, if it wanted to wait so long.</summary>
    public TimeSpan Bound(TimeSpan wait)
    {
        lock (_gate)
        {
            var now = _services.TimeProvider.GetTimestamp();
            foreach (var open in _open.Values)
            {
                var left = open.LookAt <= now ? TimeSpan.Zero : _services.TimeProvider.GetElapsedTime(now, open.LookAt);
                wait = left < wait ? left : wait;
            }

            return wait;
        }
    }

    /// <summary>Open batches wait for no more than what is due already. True: there are some.</summary>
    public bool CloseSoon()
    {
        lock (_gate)
        {
            foreach (var open in _open.Values)
            {
                if (!open.ClosesEarly)
                {
                    open.ClosesEarly = true;
                    open.LookAt = _services.TimeProvider.GetTimestamp();
                }
            }

            return _open.Count > 0;
        }
    }

    /// <summary>Closes everything: nothing more is claimed.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var open in _open.Values.ToArray())
            {
                Close_NeedsGate(open);
            }
        }
    }

    private void CloseIfOpen(OpenBatch open)
    {
        lock (_gate)
        {
            if (open.Batch.IsOpen)
            {
                Close_NeedsGate(open);
            }
        }
    }

    private void Close_NeedsGate(OpenBatch open)
    {
        _open.Remove(open.Task.Definition.Key);
        open.Batch.IsOpen = false;
        open.Timer?.Dispose();
        _onClosed(open.Batch);
    }

    private void PutOff_NeedsGate(OpenBatch open, long now)
    {
        open.LookAt = now + Ticks(open.Pause);
        open.Pause = open.Pause * 2 < _longestPause ? open.Pause * 2 : _longestPause;
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * _services.TimeProvider.TimestampFrequency);

    private sealed class OpenBatch(BatchRegistration task, RunningBatch batch)
    {
        public BatchRegistration Task => task;

        public RunningBatch Batch => batch;

        public ITimer? Timer { get; set; }

        /// <summary>When to look for more of the task, as a timestamp.</summary>
        public required long LookAt { get; set; }

        public TimeSpan Pause { get; set; } = _shortestPause;

        /// <summary>Closed by the next look that finds less than it asked for.</summary>
        public bool ClosesEarly { get; set; }
    }
}

/// <summary>A claim for an open batch: of which task, and how many at most.</summary>
internal readonly record struct BatchWish(string TaskKey, int Count);
