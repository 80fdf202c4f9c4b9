namespace PgConductor.Workers;

/// <summary>How much a worker has in hand. Counted by runners and flusher, read by the fetcher.</summary>
internal sealed class WorkerLoad(Func<int> unsent)
{
    private int _buffered;
    private int _running;
    private long _finished;
    private long _busy;
    private long _claims;

    /// <summary>Claims that brought work, ever.</summary>
    public long Claims => Volatile.Read(ref _claims);

    /// <summary>Claimed, not started; a batch counts as one.</summary>
    public int Buffered => Volatile.Read(ref _buffered);

    /// <summary>Handlers running.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Handlers that have returned, ever.</summary>
    public long Finished => Volatile.Read(ref _finished);

    /// <summary>How long handlers that have returned ran, all together, in timestamps.</summary>
    public long Busy => Volatile.Read(ref _busy);

    /// <summary>Outcomes not yet recorded.</summary>
    public int Unsent => unsent();

    /// <summary>Nothing in hand.</summary>
    public bool IsQuiet => Buffered == 0 && Running == 0 && Unsent == 0;

    public void Claimed(int count)
    {
        Interlocked.Increment(ref _claims);
        Interlocked.Add(ref _buffered, count);
    }

    /// <summary>A batch was opened: it takes one slot, however many executions it gathers.</summary>
    public void Opened() => Interlocked.Increment(ref _buffered);

    public void Started()
    {
        // Running before not buffered: the sum is never too low, so the fetcher never claims too much.
        Interlocked.Increment(ref _running);
        Interlocked.Decrement(ref _buffered);
    }

    /// <summary>Keeps a slot for an execution that is being enqueued, until <see cref="Release"/>. False: none is free.</summary>
    public bool TryReserve(int slots)
    {
        if (Interlocked.Increment(ref _buffered) + Running <= slots)
        {
            return true;
        }

        Release();
        return false;
    }

    /// <summary>What was kept is given back, or what was claimed will not be started.</summary>
    public void Release() => Interlocked.Decrement(ref _buffered);

    /// <param name="ran">How long the handler ran, in timestamps.</param>
    public void Ended(long ran)
    {
        Interlocked.Add(ref _busy, ran);
        Interlocked.Increment(ref _finished);
        Interlocked.Decrement(ref _running);
    }
}
