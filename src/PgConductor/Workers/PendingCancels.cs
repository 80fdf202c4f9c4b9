namespace PgConductor.Workers;

/// <summary>Cancellations that arrived before the claim they are about: the database had leased the execution, and its answer was still on its way here.</summary>
/// <remarks>
/// Kept only until the claim that is under way has ended: a later one can bring the execution only if somebody put it back to
/// work since, and that one is not to be cancelled. Thread-safe.
/// </remarks>
internal sealed class PendingCancels
{
    private readonly Lock _gate = new();
    private Dictionary<Guid, string>? _reasons;
    private bool _claiming;

    /// <summary>A claim is sent.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            _claiming = true;
        }
    }

    /// <summary>Remembers, if a claim is under way.</summary>
    public void Add(Guid executionId, string reason)
    {
        lock (_gate)
        {
            if (_claiming)
            {
                (_reasons ??= []).TryAdd(executionId, reason);
            }
        }
    }

    /// <summary>The claim has ended; what it brought can be found now. Returns what was asked meanwhile; null: nothing.</summary>
    public Dictionary<Guid, string>? End()
    {
        lock (_gate)
        {
            var reasons = _reasons;
            _reasons = null;
            _claiming = false;
            return reasons;
        }
    }
}
