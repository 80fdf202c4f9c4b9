using System.Text.Json;

namespace PgConductor;

/// <summary>Where a step is in its life.</summary>
public enum StepState
{
    /// <summary>Finished; it never runs again.</summary>
    Done,

    /// <summary>Finished as a failure, which is thrown again in every later run: a child that did not complete.</summary>
    Failed,

    /// <summary>Waited for.</summary>
    Waiting,

    /// <summary>A wait or a sleep whose time is over.</summary>
    Expired,
}

/// <summary>One step of an execution as it was when it was read.</summary>
public sealed record StepInfo
{
    /// <summary>Its name, unique in the execution.</summary>
    public required string Name { get; init; }

    /// <summary>step, sleep, child, or all (of children invoked together).</summary>
    public required string Kind { get; init; }

    /// <summary>Its state.</summary>
    public required StepState State { get; init; }

    /// <summary>What it returned, or how it failed; null when there is none.</summary>
    public JsonElement? Result { get; init; }

    /// <summary>When it was first asked for.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it had its outcome.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>When the wait for it ends.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>The execution it is, if it is a child.</summary>
    public Guid? ChildId { get; init; }
}
