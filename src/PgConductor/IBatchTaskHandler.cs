namespace PgConductor;

/// <summary>Runs the executions of one task, many at once.</summary>
/// <typeparam name="TPayload">The payload of each.</typeparam>
/// <typeparam name="TResult">The result of each; <see cref="NoResult"/> for none.</typeparam>
/// <remarks>
/// Made anew, in a scope of its own, for every batch. An execution may run more than once, and with others each time.
/// </remarks>
public interface IBatchTaskHandler<TPayload, TResult>
{
    /// <summary>Does the work of all items.</summary>
    /// <param name="batch">The executions; each is given its outcome there. Throw to fail those that have none.</param>
    Task RunAsync(BatchContext<TPayload, TResult> batch);
}
