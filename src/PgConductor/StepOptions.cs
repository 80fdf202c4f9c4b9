namespace PgConductor;

/// <summary>How one step is run.</summary>
/// <remarks>Immutable and safe to share.</remarks>
public sealed record StepOptions
{
    /// <summary>Runs the step right behind what comes before it: neither the end of the task's window nor the process's stop puts the execution away in front of it.</summary>
    /// <value>Default false. For what must not wait until tomorrow, such as undoing or confirming what the step before did; a process that stops waits for it no longer than <see cref="OrchestratorOptions.DrainTimeout"/>. A crash in between still lets it wait: a step that is not stored runs in a later run, in the window.</value>
    public bool FollowAtOnce { get; init; }
}
