namespace PgConductor;

/// <summary>Runs the executions of one task.</summary>
/// <remarks>
/// Made anew, in a scope of its own, for every execution. It may run more than once for one execution: after a failure, or
/// after its process died. Throw to fail the attempt; throw <see cref="NonRetryableException"/> to dead-letter at once.
/// </remarks>
public interface ITaskHandler<in TPayload, TResult>
{
    /// <summary>Does the work.</summary>
    /// <param name="payload">As given to invoke.</param>
    /// <param name="context">Which execution this is; its <see cref="TaskContext.CancellationToken"/> ends on cancellation, timeout, shutdown and takeover.</param>
    Task<TResult> RunAsync(TPayload payload, TaskContext context);
}

/// <summary>Runs the executions of a task that has no result.</summary>
/// <inheritdoc cref="ITaskHandler{TPayload, TResult}"/>
public interface ITaskHandler<in TPayload>
{
    /// <inheritdoc cref="ITaskHandler{TPayload, TResult}.RunAsync"/>
    Task RunAsync(TPayload payload, TaskContext context);
}
