using Microsoft.Extensions.Logging;
using PgConductor.Client;

namespace PgConductor;

/// <summary>What a batch handler gets: executions of one task, each with an outcome of its own.</summary>
/// <typeparam name="TPayload">The payload of each.</typeparam>
/// <typeparam name="TResult">The result of each; <see cref="NoResult"/> for none.</typeparam>
/// <remarks>
/// Valid until the handler returns. Thread-safe except where said. When the handler returns, items without an outcome are completed if
/// the task has no result, else failed; when it throws, they have failed with that error. An item that was told to stop and has no
/// outcome then is cancelled, handed back or timed out, as what told it says. There are no steps, sleeps, waits or awaited children here:
/// they belong to one execution; give such work a task of its own, and invoke that.
/// </remarks>
public abstract class BatchContext<TPayload, TResult>
{
    private protected BatchContext()
    {
    }

    /// <summary>The executions, in the order in which they were claimed; at least one.</summary>
    public abstract IReadOnlyList<BatchItem<TPayload, TResult>> Items { get; }

    /// <summary>The task's key.</summary>
    public abstract string TaskKey { get; }

    /// <summary>The queue they were claimed from.</summary>
    public abstract string Queue { get; }

    /// <summary>Ends when nobody wants the batch any more: it timed out, the shutdown's deadline has come, or each item without an outcome was told to stop.</summary>
    public abstract CancellationToken CancellationToken { get; }

    /// <summary>The services of the batch's own scope, made at the first use. Not thread-safe.</summary>
    /// <exception cref="InvalidOperationException">The orchestrator was made without services.</exception>
    public abstract IServiceProvider Services { get; }

    /// <summary>A logger whose entries carry the task and the number of items; where log lines are kept, with each execution of the batch.</summary>
    public abstract ILogger Logger { get; }

    /// <summary>The client, to invoke further tasks.</summary>
    public abstract IConductor Conductor { get; }
}
