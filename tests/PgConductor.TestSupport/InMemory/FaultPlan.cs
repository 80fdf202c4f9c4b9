namespace PgConductor.TestSupport.InMemory;

/// <summary>What a test wants to go wrong, by the method's name; and how often each was called.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class FaultPlan
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _calls = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _done = new(StringComparer.Ordinal);
    private readonly List<Failure> _failures = [];
    private readonly List<BlockedMethod> _blocks = [];

    /// <summary>How often a method was called, the calls that failed or wait included.</summary>
    public int Calls(string method)
    {
        lock (_gate)
        {
            return _calls.GetValueOrDefault(method);
        }
    }

    /// <summary>How many calls of a method have done their work, whatever became of the reply.</summary>
    public int Done(string method)
    {
        lock (_gate)
        {
            return _done.GetValueOrDefault(method);
        }
    }

    /// <summary>The next calls of a method throw, after so many that do not. <paramref name="afterwards"/>: it does its work first; only the reply is lost.</summary>
    public void FailNext(string method, Exception exception, int times = 1, bool afterwards = false, int after = 0)
    {
        lock (_gate)
        {
            _failures.Add(new Failure(method, exception, afterwards) { Left = times, Skip = after });
        }
    }

    /// <summary>No failure is left to come.</summary>
    public void Heal()
    {
        lock (_gate)
        {
            _failures.Clear();
        }
    }

    /// <summary>Calls of a method wait until it is released or their token ends. <paramref name="afterwards"/>: they do their work first.</summary>
    public BlockedMethod Block(string method, bool afterwards = false)
    {
        var block = new BlockedMethod(method, afterwards, Remove);
        lock (_gate)
        {
            _blocks.Add(block);
        }

        return block;
    }

    internal void Count(string method)
    {
        lock (_gate)
        {
            _calls[method] = _calls.GetValueOrDefault(method) + 1;
        }
    }

    internal void CountDone(string method)
    {
        lock (_gate)
        {
            _done[method] = _done.GetValueOrDefault(method) + 1;
        }
    }

    internal async Task ApplyAsync(string method, bool afterwards, CancellationToken cancellationToken)
    {
        BlockedMethod? block;
        Failure? failure;
        lock (_gate)
        {
            block = _blocks.Find(candidate => candidate.Method == method && candidate.Afterwards == afterwards);
            failure = _failures.Find(candidate => candidate.Method == method && candidate.Afterwards == afterwards && candidate.Left > 0);
            if (failure is { Skip: > 0 })
            {
                failure.Skip--;
                failure = null;
            }
            else if (failure is not null)
            {
                failure.Left--;
            }
        }

        if (block is not null)
        {
            await block.WaitAsync(cancellationToken);
        }

        if (failure is not null)
        {
            throw failure.Exception;
        }
    }

    private void Remove(BlockedMethod block)
    {
        lock (_gate)
        {
            _blocks.Remove(block);
        }
    }

    private sealed record Failure(string Method, Exception Exception, bool Afterwards)
    {
        public int Left { get; set; }

        public int Skip { get; set; }
    }
}

/// <summary>A method that does not return until it is released.</summary>
internal sealed class BlockedMethod(string method, bool afterwards, Action<BlockedMethod> onReleased) : IDisposable
{
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Method => method;

    public bool Afterwards => afterwards;

    /// <summary>Completes when the first call waits.</summary>
    public Task Entered => _entered.Task.WaitAsync(TimeSpan.FromSeconds(60));

    public void Dispose()
    {
        onReleased(this);
        _released.TrySetResult();
    }

    internal async Task WaitAsync(CancellationToken cancellationToken)
    {
        _entered.TrySetResult();
        await _released.Task.WaitAsync(cancellationToken);
    }
}
