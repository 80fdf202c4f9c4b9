namespace PgConductor.Workers;

/// <summary>Cancellations that arrived before the claim they are about: the database had leased the execution, and its answer was still on its way here.</summary>
/// <remarks>
/// Kept only until the claims that are under way have ended: a later one can bring the execution only if somebody put it back to
/// work since, and that one is not to be cancelled. Thread-safe.
/// </remarks>
internal sealed class PendingCancels
{
    private readonly Lock _gate = new();
    private readonly List<ClaimUnderWay> _claims = [];

    /// <summary>A claim is sent.</summary>
    /// <param name="fences">How often this process had been taken over by then.</param>
    /// <param name="only">The one execution it may bring; null: any.</param>
    public ClaimUnderWay Begin(int fences, Guid? only = null)
    {
        var claim = new ClaimUnderWay(fences, only);
        lock (_gate)
        {
            _claims.Add(claim);
        }

        return claim;
    }

    /// <summary>Remembers, for the claims that are under way.</summary>
    public void Add(Guid executionId, string reason)
    {
        lock (_gate)
        {
            foreach (var claim in _claims)
            {
                if (claim.Only is null || claim.Only == executionId)
                {
                    (claim.Cancels ??= []).TryAdd(executionId, reason);
                }
            }
        }
    }

    /// <summary>A claim has ended; what it brought can be found now. Returns what was asked meanwhile; null: nothing.</summary>
    public Dictionary<Guid, string>? End(ClaimUnderWay claim)
    {
        lock (_gate)
        {
            _claims.Remove(claim);
            return claim.Cancels;
        }
    }
}

/// <summary>A claim whose answer is on its way.</summary>
/// <param name="fences">How often this process had been taken over when it was sent.</param>
/// <param name="only">The one execution it may bring; null: any.</param>
internal sealed class ClaimUnderWay(int fences, Guid? only = null)
{
    public int Fences => fences;

    public Guid? Only => only;

    /// <summary>What was cancelled meanwhile; changed under the gate of <see cref="PendingCancels"/>.</summary>
    public Dictionary<Guid, string>? Cancels { get; set; }
}
