using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Serialization;

namespace PgConductor.Steps;

/// <summary>What the flows of one process share.</summary>
internal sealed record FlowServices(IDatabaseClient Database, Guid OrchestratorId, StepWriter Writer, PayloadSerializer Serializer, TimeProvider TimeProvider, ILogger Logger)
{
    /// <summary>Set when the process is about to stop: executions are put away at their next step.</summary>
    public DrainFlag Drain { get; init; } = new();
}

/// <summary>Whether a process is about to stop. Thread-safe.</summary>
internal sealed class DrainFlag
{
    private volatile bool _isSet;

    public bool IsSet => _isSet;

    public void Set() => _isSet = true;
}

/// <summary>The execution a flow belongs to, as its worker sees it.</summary>
internal interface IFlowOwner
{
    Guid ExecutionId { get; }

    string TaskKey { get; }

    long LeaseId { get; }

    int Position { get; }

    CancellationToken CancellationToken { get; }

    /// <summary>Whether the window it was claimed in has closed.</summary>
    bool IsWindowClosed { get; }

    /// <summary>The database says that the execution is no longer ours.</summary>
    void OnRejected();
}
