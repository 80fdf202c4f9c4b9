using PgConductor.Client;

namespace PgConductor.Database;

/// <summary>Lets single invokes that are made at the same time travel together: what a group commit is to a disk, this is to a round trip.</summary>
/// <remarks>
/// Never waits for company. An invoke that finds a free lane goes at once, alone; those that find all lanes under way
/// wait for the first that comes back, and those of one task go together. So an idle program pays nothing, and a busy one
/// makes fewer round trips, transactions and commits the busier it is. A batch that the server refuses is sent again one
/// by one, so that each caller gets its own error and nobody suffers for a neighbour. A lane that does not come back (its
/// statement waits for somebody's lock) does not hold up other tasks: they get another one. Thread-safe.
/// </remarks>
/// <param name="sendOne">Enqueues one.</param>
/// <param name="sendMany">Enqueues several in one transaction; the outcomes in their order.</param>
/// <param name="timeProvider">The clock by which a lane counts as stuck.</param>
internal sealed class InvocationBatcher(
    Func<Invocation, CancellationToken, Task<InvokeOutcome>> sendOne,
    Func<IReadOnlyList<Invocation>, CancellationToken, Task<IReadOnlyList<InvokeOutcome>>> sendMany,
    TimeProvider timeProvider) : IDisposable
{
    /// <summary>Round trips under way at once, as long as they come back.</summary>
    internal const int Lanes = 1;

    /// <summary>So that a batch stays within milliseconds.</summary>
    internal const int MaxBatch = 128;

    /// <summary>Longer payloads, in bytes of JSON, go alone: they are not what round trips are short for.</summary>
    private const int MaxPayloadBytes = 4096;

    /// <summary>When nothing was taken for so long, while somebody waits, the lanes are stuck.</summary>
    internal static readonly TimeSpan StuckAfter = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly WaitingInvocations _waiting = new();
    private readonly Dictionary<string, int> _tasksUnderWay = new(StringComparer.Ordinal);
    private ITimer? _watch;
    private int _underWay;
    private long _taken;
    private long _takenBefore;

    /// <summary>Whether it is simply a new row that is due now; anything else is decided one by one.</summary>
    public static bool Fits(in Invocation invocation) =>
        invocation.DedupeKey is null && invocation.RunAt is null && !invocation.MayBeKnown && invocation.Pace is null && invocation.Payload.Length <= MaxPayloadBytes;

    /// <summary>Enqueues one. Cancelled while it waits, it is never sent; cancelled later, it may have been stored all the same.</summary>
    public Task<InvokeOutcome> InvokeAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        WaitingInvocation waiter;
        lock (_gate)
        {
            if (_underWay < Lanes)
            {
                Open(invocation.TaskKey);
                waiter = null!;
            }
            else
            {
                if (_waiting.IsEmpty)
                {
                    Watch();
                }

                waiter = new WaitingInvocation(invocation, cancellationToken);
                _waiting.Add(waiter);
            }
        }

        return waiter is null ? SendNowAsync(invocation, cancellationToken) : waiter.WaitAsync();
    }

    public void Dispose() => _watch?.Dispose();

    private async Task<InvokeOutcome> SendNowAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        try
        {
            return await sendOne(invocation, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (Next(invocation.TaskKey) is { } batch)
            {
                Start(batch);
            }
        }
    }

    /// <summary>On nobody's behalf and in nobody's trace.</summary>
    private void Start(IReadOnlyList<WaitingInvocation> batch)
    {
        using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(() => RunLaneAsync(batch));
        }
    }

    private async Task RunLaneAsync(IReadOnlyList<WaitingInvocation>? batch)
    {
        while (batch is not null)
        {
            await SendAsync(batch).ConfigureAwait(false);
            batch = Next(batch[0].Invocation.TaskKey);
        }
    }

    /// <summary>A lane is back from a task: what it takes next. Null: nobody waits, and the lane is closed.</summary>
    private IReadOnlyList<WaitingInvocation>? Next(string finishedTask)
    {
        lock (_gate)
        {
            Close(finishedTask);
            var batch = _underWay < Lanes ? _waiting.Take(MaxBatch) : _waiting.TakeOther(_tasksUnderWay, MaxBatch);
            _taken++;
            if (batch is not null)
            {
                Open(batch[0].Invocation.TaskKey);
            }

            return batch;
        }
    }

    /// <summary>Under the gate: looks again after a while, and opens a lane if none has taken anything.</summary>
    private void Watch()
    {
        _takenBefore = _taken;
        if (_watch is null)
        {
            using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
            {
                _watch = timeProvider.CreateTimer(static state => ((InvocationBatcher)state!).OpenIfStuck(), this, StuckAfter, Timeout.InfiniteTimeSpan);
            }
        }
        else
        {
            _watch.Change(StuckAfter, Timeout.InfiniteTimeSpan);
        }
    }

    private void OpenIfStuck()
    {
        IReadOnlyList<WaitingInvocation>? batch;
        lock (_gate)
        {
            if (_waiting.IsEmpty)
            {
                return;
            }

            // Not one more for a task that is stuck already: it would be stuck too.
            batch = _taken == _takenBefore ? _waiting.TakeOther(_tasksUnderWay, MaxBatch) : null;
            if (batch is not null)
            {
                Open(batch[0].Invocation.TaskKey);
            }

            Watch();
        }

        if (batch is not null)
        {
            Start(batch);
        }
    }

    private void Open(string task)
    {
        _underWay++;
        _tasksUnderWay[task] = _tasksUnderWay.GetValueOrDefault(task) + 1;
    }

    private void Close(string task)
    {
        _underWay--;
        if (--_tasksUnderWay[task] == 0)
        {
            _tasksUnderWay.Remove(task);
        }
    }

    private async Task SendAsync(IReadOnlyList<WaitingInvocation> batch)
    {
        if (batch.Count > 1)
        {
            try
            {
                var outcomes = await sendMany([.. batch.Select(static waiter => waiter.Invocation)], CancellationToken.None).ConfigureAwait(false);
                for (var i = 0; i < batch.Count; i++)
                {
                    batch[i].SetResult(outcomes[i]);
                }

                return;
            }
            catch (Exception exception)
            {
                // Unreachable for one is unreachable for all. Anything else is one's fault, and nothing was stored.
                if (exception is not ConductorException { IsTransient: false })
                {
                    foreach (var waiter in batch)
                    {
                        waiter.SetException(exception);
                    }

                    return;
                }
            }
        }

        foreach (var waiter in batch)
        {
            try
            {
                waiter.SetResult(await sendOne(waiter.Invocation, waiter.CancellationToken).ConfigureAwait(false));
            }
            catch (OperationCanceledException) when (waiter.CancellationToken.IsCancellationRequested)
            {
                waiter.Cancel();
            }
            catch (Exception exception)
            {
                waiter.SetException(exception);
            }
        }
    }
}
