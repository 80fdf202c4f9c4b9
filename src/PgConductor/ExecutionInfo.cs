using System.Text.Json;

namespace PgConductor;

/// <summary>One execution as it was when it was read.</summary>
public sealed record ExecutionInfo
{
    /// <summary>Its id.</summary>
    public required Guid Id { get; init; }

    /// <summary>Its queue.</summary>
    public required string Queue { get; init; }

    /// <summary>Its task's key.</summary>
    public required string TaskKey { get; init; }

    /// <summary>Its state.</summary>
    public required ExecutionState State { get; init; }

    /// <summary>Its priority; higher runs sooner.</summary>
    public required int Priority { get; init; }

    /// <summary>Starts so far.</summary>
    public required int Attempts { get; init; }

    /// <summary>Starts allowed; null when not known any more.</summary>
    public int? MaxAttempts { get; init; }

    /// <summary>When it is or was due; null once it has finished, and while it waits for something without a limit.</summary>
    public DateTimeOffset? RunAt { get; init; }

    /// <summary>When it was enqueued.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was claimed last.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it had its outcome.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The process that runs it.</summary>
    public Guid? OrchestratorId { get; init; }

    /// <summary>The execution whose child it is; null for others, and in lists.</summary>
    public Guid? ParentId { get; init; }

    /// <summary>Its dedupe key.</summary>
    public string? DedupeKey { get; init; }

    /// <summary>Why it failed last, or was cancelled.</summary>
    public string? Reason { get; init; }

    /// <summary>The payload; null in lists.</summary>
    public JsonElement? Payload { get; init; }

    /// <summary>The result; null in lists, before completion, and for tasks without one.</summary>
    public JsonElement? Result { get; init; }

    /// <summary>The last ten failures, oldest first, each an object with type, message, stack, attempt and at; null in lists and when there was none.</summary>
    public JsonElement? Errors { get; init; }
}
