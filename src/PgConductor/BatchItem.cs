using Microsoft.Extensions.Logging;

namespace PgConductor;

/// <summary>One execution of a batch.</summary>
/// <typeparam name="TPayload">Its payload.</typeparam>
/// <typeparam name="TResult">Its result; <see cref="NoResult"/> for none.</typeparam>
/// <remarks>Thread-safe. An outcome is recorded within milliseconds, whatever becomes of the rest of the batch; it is given once.</remarks>
public abstract class BatchItem<TPayload, TResult>
{
    private protected BatchItem()
    {
    }

    /// <summary>The execution's id, the same in every attempt.</summary>
    public abstract Guid ExecutionId { get; }

    /// <summary>Which start of it this is, 1-based; starts that ended in a crash count.</summary>
    public abstract int Attempt { get; }

    /// <summary>When it was enqueued.</summary>
    public abstract DateTimeOffset CreatedAt { get; }

    /// <summary>As given to invoke.</summary>
    public abstract TPayload Payload { get; }

    /// <summary>Ends when this execution is cancelled or taken over, and with the batch's. The others go on.</summary>
    public abstract CancellationToken CancellationToken { get; }

    /// <summary>A logger whose entries carry the execution's id, task and attempt, and which are kept, where log lines are, with this execution only.</summary>
    public abstract ILogger Logger { get; }

    /// <summary>Whether it has its outcome.</summary>
    public abstract bool HasOutcome { get; }

    /// <summary>It is done, with this result.</summary>
    /// <exception cref="InvalidOperationException">It has its outcome already, or the batch has ended.</exception>
    /// <remarks>A result that cannot be stored dead-letters it, as it does elsewhere.</remarks>
    public abstract void Complete(TResult result);

    /// <summary>It has failed: retried by its own attempts and the task's backoff, or dead-lettered.</summary>
    /// <param name="error">Kept with it. <see cref="NonRetryableException"/> and <see cref="RetryAfterException"/> mean what they always mean.</param>
    /// <exception cref="InvalidOperationException">It has its outcome already, or the batch has ended.</exception>
    public abstract void Fail(Exception error);

    /// <summary>It ends as cancelled.</summary>
    /// <param name="reason">Kept with it.</param>
    /// <exception cref="InvalidOperationException">It has its outcome already, or the batch has ended.</exception>
    public abstract void Cancel(string reason);
}

/// <summary>Items of tasks without a result.</summary>
public static class BatchItemExtensions
{
    /// <summary>It is done.</summary>
    /// <exception cref="InvalidOperationException">It has its outcome already, or the batch has ended.</exception>
    public static void Complete<TPayload>(this BatchItem<TPayload, NoResult> item)
    {
        ArgumentNullException.ThrowIfNull(item);
        item.Complete(default);
    }
}
