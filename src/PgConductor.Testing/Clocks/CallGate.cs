namespace PgConductor.Testing.Clocks;

/// <summary>Lets calls of the database through, except while the clock is moved: each call sees the time before or after, none a bit of both.</summary>
/// <remarks>
/// Without it a heartbeat could take the old time, wait for the move, and write the old time after it; the process would
/// then look dead for as long as the clock was moved. Thread-safe; one mover at a time.
/// </remarks>
internal sealed class CallGate
{
    private readonly Lock _gate = new();
    private int _inside;
    private TaskCompletionSource? _closed;
    private TaskCompletionSource? _empty;

    public async Task EnterAsync()
    {
        while (true)
        {
            Task opening;
            lock (_gate)
            {
                if (_closed is null)
                {
                    _inside++;
                    return;
                }

                opening = _closed.Task;
            }

            await opening.ConfigureAwait(false);
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            if (--_inside == 0)
            {
                _empty?.TrySetResult();
            }
        }
    }

    /// <summary>Lets nobody in any more; returns when nobody is inside.</summary>
    public Task CloseAsync()
    {
        lock (_gate)
        {
            _closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_inside == 0)
            {
                return Task.CompletedTask;
            }

            _empty = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _empty.Task;
        }
    }

    public void Open()
    {
        lock (_gate)
        {
            _closed?.SetResult();
            _closed = null;
            _empty = null;
        }
    }
}
