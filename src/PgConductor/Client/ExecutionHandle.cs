using Microsoft.Extensions.Logging;

namespace PgConductor.Client;

/// <summary>One execution, seen from the caller.</summary>
/// <remarks>Thread-safe; holds nothing but the id and the client.</remarks>
public class ExecutionHandle
{
    private protected ExecutionHandle(Conductor conductor, Guid id, InvokeDisposition disposition)
    {
        Conductor = conductor;
        Id = id;
        Disposition = disposition;
    }

    /// <summary>The execution's id; of an invoke that was dropped, the id of the one that runs instead.</summary>
    public Guid Id { get; }

    /// <summary>What the invoke did.</summary>
    public InvokeDisposition Disposition { get; }

    private protected Conductor Conductor { get; }

    /// <summary>Reads the execution; null when it is not known any more.</summary>
    public Task<ExecutionInfo?> GetAsync(CancellationToken cancellationToken = default) => Conductor.GetAsync(Id, cancellationToken);

    /// <inheritdoc cref="IConductor.GetLogsAsync"/>
    public Task<IReadOnlyList<ExecutionLogEntry>> GetLogsAsync(LogLevel minLevel = LogLevel.Trace, int limit = 1000, CancellationToken cancellationToken = default) =>
        Conductor.GetLogsAsync(Id, minLevel, limit, cancellationToken);

    /// <inheritdoc cref="IConductor.CancelAsync"/>
    public Task<CancelOutcome> CancelAsync(string reason = "cancelled", CancellationToken cancellationToken = default) =>
        Conductor.CancelAsync(Id, reason, cancellationToken);
}

/// <summary>One execution and its result.</summary>
/// <typeparam name="TResult">The result's type.</typeparam>
public sealed class ExecutionHandle<TResult> : ExecutionHandle
{
    internal ExecutionHandle(Conductor conductor, Guid id, InvokeDisposition disposition)
        : base(conductor, id, disposition)
    {
    }

    /// <summary>Waits for the outcome.</summary>
    /// <param name="timeout">How long; null: until the token ends it.</param>
    /// <param name="cancellationToken">Ends the wait, not the execution.</param>
    /// <returns>The result.</returns>
    /// <remarks>Asks the database, every 5 ms at first, then less and less often, up to every 500 ms.</remarks>
    /// <exception cref="ConductorException">
    /// Code execution-failed or execution-cancelled with the reason; not-found when the task keeps no history
    /// (<see cref="TaskOptions.KeepCompleted"/> is <see cref="Retention.None"/>), so that its outcome cannot be known.
    /// </exception>
    /// <exception cref="TimeoutException">There was no outcome in time; the execution goes on.</exception>
    public Task<TResult> WaitAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Conductor.WaitAsync<TResult>(Id, timeout, cancellationToken);
}
