namespace PgConductor.Bench.Measures;

/// <summary>Counts how often each numbered execution ran.</summary>
/// <remarks>Thread-safe; an increment of one array element an execution, so that it costs what is measured next to nothing.</remarks>
internal sealed class Ledger(int count)
{
    private readonly int[] _runs = new int[count];
    private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _seen;

    /// <summary>Completes when each has run at least once.</summary>
    public Task All => _all.Task;

    public int Seen => Volatile.Read(ref _seen);

    /// <summary>Returns how many different ones have run, this one included.</summary>
    public int Ran(int number)
    {
        if (Interlocked.Increment(ref _runs[number]) > 1)
        {
            return Seen;
        }

        var seen = Interlocked.Increment(ref _seen);
        if (seen == _runs.Length)
        {
            _all.TrySetResult();
        }

        return seen;
    }

    /// <summary>How many of the first <paramref name="used"/> (null: all) never ran, and how many ran more often than they should.</summary>
    public (int Missing, int Repeated) Check(int? used = null)
    {
        var runs = _runs.AsSpan();
        var rest = runs[(used ?? runs.Length)..];
        var missing = runs[..(used ?? runs.Length)].Count(0);
        // Those that were never enqueued should not run at all.
        var once = runs.Count(1) - rest.Count(1);
        return (missing, (used ?? runs.Length) - missing - once + rest.Length - rest.Count(0));
    }
}
