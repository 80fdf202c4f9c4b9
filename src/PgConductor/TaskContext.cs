using Microsoft.Extensions.Logging;
using PgConductor.Client;

namespace PgConductor;

/// <summary>What a handler knows about the execution it runs.</summary>
/// <remarks>Valid until the handler returns. Not thread-safe except where said.</remarks>
public abstract class TaskContext
{
    private protected TaskContext()
    {
    }

    /// <summary>The execution's id, the same in every attempt: the natural idempotency key for calls to others.</summary>
    public abstract Guid ExecutionId { get; }

    /// <summary>The task's key.</summary>
    public abstract string TaskKey { get; }

    /// <summary>The queue it was claimed from.</summary>
    public abstract string Queue { get; }

    /// <summary>Which start this is, 1-based; starts that ended in a crash count.</summary>
    public abstract int Attempt { get; }

    /// <summary>When it was enqueued.</summary>
    public abstract DateTimeOffset CreatedAt { get; }

    /// <summary>Ends when the execution is cancelled, times out, is taken over by another process, or shutdown's deadline has come. Thread-safe.</summary>
    public abstract CancellationToken CancellationToken { get; }

    /// <summary>The services of the execution's own scope, made at the first use.</summary>
    /// <exception cref="InvalidOperationException">The orchestrator was made without services.</exception>
    public abstract IServiceProvider Services { get; }

    /// <summary>A logger whose entries carry the execution's id, task and attempt.</summary>
    public abstract ILogger Logger { get; }

    /// <summary>The client, to invoke further tasks.</summary>
    public abstract IConductor Conductor { get; }
}
