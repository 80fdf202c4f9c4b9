using Npgsql;
using PgConductor.Database;

namespace PgConductor.Client;

/// <summary>Invokes whose execution a worker of this process starts itself: enqueued and claimed in one round trip, and nobody has to be woken for it (docs/adr/0023).</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class DirectInvoker(IDatabaseClient database)
{
    private readonly Lock _gate = new();
    private volatile IDirectStarter[] _starters = [];

    public void Add(IDirectStarter starter)
    {
        lock (_gate)
        {
            _starters = [.. _starters, starter];
        }
    }

    public void Remove(IDirectStarter starter)
    {
        lock (_gate)
        {
            _starters = [.. _starters.Where(other => other != starter)];
        }
    }

    /// <summary>Keeps a slot for it, in a worker of this process that would start it at once. Null: there is none.</summary>
    public IDirectStart? TryBegin(in Invocation invocation)
    {
        if (_starters.Length > 0 && InvocationBatcher.Fits(invocation))
        {
            foreach (var starter in _starters)
            {
                if (starter.TryBegin(invocation) is { } start)
                {
                    return start;
                }
            }
        }

        return null;
    }

    /// <summary>Enqueues it and starts it in that slot, if the database lets it have it now.</summary>
    public Task<InvokeOutcome> InvokeAsync(Invocation invocation, IDirectStart start, CancellationToken cancellationToken)
    {
        var invoking = RunAsync(invocation, start, cancellationToken);

        // The caller may go; what is claimed arrives here all the same.
        return cancellationToken.CanBeCanceled ? invoking.WaitAsync(cancellationToken) : invoking;
    }

    private async Task<InvokeOutcome> RunAsync(Invocation invocation, IDirectStart start, CancellationToken cancellationToken)
    {
        using (start)
        {
            try
            {
                var claim = await database.InvokeAndClaimAsync(start.OrchestratorId, start.Queue, invocation, start.Abandoned).ConfigureAwait(false);
                if (claim.LeaseId is not null)
                {
                    start.Start(claim);
                }

                return new InvokeOutcome(invocation.Id, InvokeDisposition.Created);
            }
            catch (OperationCanceledException) when (start.Abandoned.IsCancellationRequested)
            {
                // The worker stops, and what the database is doing is not to hold it up.
            }
            catch (ConductorException exception) when (exception.Code != ConductorErrorCode.Timeout)
            {
                if (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.UndefinedFunction })
                {
                    start.Refused(exception);
                }
            }
        }

        // Whatever it was, the plain way decides, with its retries and its errors. The first try may have been stored, or is just being
        // committed: then it is not stored again.
        return await database.InvokeAsync(invocation with { MayBeKnown = true, MayBeClaimed = true }, DedupePolicy.ReturnExisting, null, cancellationToken).ConfigureAwait(false);
    }
}
