using PgConductor.Database;

namespace PgConductor.Client;

/// <summary>The workers of this process, as an invoke sees them: asked whether one of them would start its execution at once.</summary>
/// <remarks>Thread-safe.</remarks>
internal interface IDirectStarter
{
    /// <summary>Keeps a slot for an execution that is about to be enqueued. Null: nobody here runs the task, has a free slot, or wants it.</summary>
    IDirectStart? TryBegin(in Invocation invocation);
}

/// <summary>A slot that is kept for one execution while it is enqueued; disposed of, it is free again, or the execution's.</summary>
internal interface IDirectStart : IDisposable
{
    Guid OrchestratorId { get; }

    string Queue { get; }

    /// <summary>Ends when the worker stops and waits no longer for the claim.</summary>
    CancellationToken Abandoned { get; }

    /// <summary>Starts what was claimed.</summary>
    void Start(Claim claim);

    /// <summary>The database refuses to this process what is needed for it, and would the next time.</summary>
    void Refused(ConductorException reason);
}
