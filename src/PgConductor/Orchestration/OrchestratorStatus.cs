namespace PgConductor.Orchestration;

/// <summary>Where an orchestrator is in its life.</summary>
public enum OrchestratorPhase
{
    /// <summary>Not started, or starting.</summary>
    Created,

    /// <summary>Claims and runs executions.</summary>
    Running,

    /// <summary>Claims nothing more; finishes what it runs.</summary>
    Stopping,

    /// <summary>Has stopped.</summary>
    Stopped,
}

/// <summary>How a process stands with the database, as far as it knows itself.</summary>
/// <param name="Phase">Where it is in its life.</param>
/// <param name="Silence">How long ago its last heartbeat arrived; beyond <see cref="OrchestratorOptions.Takeover"/>, others have taken its work over.</param>
/// <param name="IsRegistered">False after it learnt that it was taken over, until it is registered again.</param>
public sealed record OrchestratorStatus(OrchestratorPhase Phase, TimeSpan Silence, bool IsRegistered);
