namespace PgConductor.Steps;

/// <summary>Decides when a running handler is parked: it waits for something that will take long, and nothing of it is going on here.</summary>
/// <remarks>
/// A wait gives the handler a task that never completes. When its code has come to rest (no step is running, and what
/// was just resumed has come back) the execution can be put away. Code that rests somewhere else meanwhile, awaiting something
/// that is no step, is cut off as a crash would: its next call of the context never returns.
/// Thread-safe. Pure: it knows neither handlers nor databases.
/// </remarks>
internal sealed class FlowGate
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _parked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _active;
    private int _resumed;
    private int _waits;
    private long _moves;
    private bool _handlerReturned;
    private bool _closed;

    /// <summary>Completes when the handler is parked.</summary>
    public Task Parked => _parked.Task;

    /// <summary>Something of the execution begins. False: it is parked or over, and the caller must never return.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            _moves++;
            if (_closed)
            {
                return false;
            }

            _active++;
            return true;
        }
    }

    /// <summary>It has ended, and the handler goes on from it: <paramref name="resume"/> runs its code up to where it rests.</summary>
    public void Leave(Action resume)
    {
        lock (_gate)
        {
            _active--;
            _resumed++;
            _moves++;
        }

        try
        {
            resume();
        }
        finally
        {
            lock (_gate)
            {
                _resumed--;
                ParkIfResting_NeedsGate();
            }
        }
    }

    /// <summary>The handler awaits something that will take long. False: it is parked or over already, and this wait is not part of it.</summary>
    public bool TryWait()
    {
        lock (_gate)
        {
            _moves++;
            if (_closed)
            {
                return false;
            }

            _waits++;
            if (_handlerReturned && _resumed == 0)
            {
                // Called out of something we did not resume: its code is still running.
                LookLater();
            }

            return true;
        }
    }

    /// <summary>The handler has run up to where it rests for the first time.</summary>
    public void HandlerReturned()
    {
        lock (_gate)
        {
            _handlerReturned = true;
            ParkIfResting_NeedsGate();
        }
    }

    /// <summary>Parks at once, whatever goes on. False: it is parked or over already.</summary>
    public bool TryPark()
    {
        lock (_gate)
        {
            if (_closed)
            {
                return false;
            }

            _closed = true;
        }

        _parked.TrySetResult();
        return true;
    }

    /// <summary>The handler has ended. False: it was parked before, and that counts.</summary>
    public bool TryEnd()
    {
        lock (_gate)
        {
            var first = !_closed;
            _closed = true;
            return first;
        }
    }

    private void ParkIfResting_NeedsGate()
    {
        if (_waits > 0 && _active == 0 && _resumed == 0 && _handlerReturned && !_closed)
        {
            _closed = true;
            _parked.TrySetResult();
        }
    }

    /// <summary>Looks after the code that is running now has probably come to rest; too early costs a wait's being parallel, nothing else.</summary>
    private void LookLater()
    {
        var moves = _moves;
        _ = ThreadPool.UnsafeQueueUserWorkItem(
            static state =>
            {
                var (gate, before) = state;
                lock (gate._gate)
                {
                    if (gate._moves != before)
                    {
                        gate.LookLater();
                        return;
                    }

                    gate.ParkIfResting_NeedsGate();
                }
            },
            (this, moves),
            preferLocal: false);
    }
}
