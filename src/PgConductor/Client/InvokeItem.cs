using System.Text.Json;

namespace PgConductor.Client;

/// <summary>One execution of a batch.</summary>
/// <param name="TaskKey">The task's key.</param>
/// <param name="Payload">The payload.</param>
/// <param name="Options">How; null: now, with the task's settings. <see cref="InvokeOptions.DedupePolicy"/> is the batch's.</param>
public sealed record InvokeItem(string TaskKey, JsonElement Payload, InvokeOptions? Options = null);

/// <summary>What an invoke did.</summary>
public enum InvokeDisposition
{
    /// <summary>A new execution.</summary>
    Created,

    /// <summary>The one that has the dedupe key or the id; nothing changed.</summary>
    Existing,

    /// <summary>The waiting one that has the dedupe key, or that waits for the end of the window or burst, with the new payload.</summary>
    Replaced,

    /// <summary>None: by its throttle or debounce, the one whose id this is has run, or runs, instead.</summary>
    Dropped,
}

/// <summary>What became of one item of a batch.</summary>
/// <param name="Id">The execution.</param>
/// <param name="Disposition">Whether it is new, and if not, which one the id is of.</param>
public readonly record struct InvokeOutcome(Guid Id, InvokeDisposition Disposition);

/// <summary>What a cancellation did.</summary>
public enum CancelOutcome
{
    /// <summary>It was not running and never will.</summary>
    Cancelled,

    /// <summary>It is running and its process was told; it ends as cancelled unless it completes first.</summary>
    Requested,

    /// <summary>It had its outcome already.</summary>
    Finished,

    /// <summary>There is none of this id.</summary>
    Unknown,
}

/// <summary>Which executions to list.</summary>
public sealed record ExecutionQuery
{
    /// <summary>Only in this state; null: any.</summary>
    public ExecutionState? State { get; init; }

    /// <summary>Only of this task; null: any.</summary>
    public string? TaskKey { get; init; }

    /// <summary>Only in this queue; null: any.</summary>
    public string? Queue { get; init; }

    /// <summary>How many.</summary>
    /// <value>Default 50; 1 to 1000.</value>
    public int Limit { get; init; } = 50;

    /// <summary>The last id of the page before; null: the first page.</summary>
    public Guid? Before { get; init; }
}
