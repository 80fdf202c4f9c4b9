using Microsoft.Extensions.Logging;
using Npgsql;
using PgConductor.Client;
using PgConductor.Steps;

namespace PgConductor;

/// <summary>What a handler knows about the execution it runs.</summary>
/// <remarks>
/// Valid until the handler returns. Not thread-safe except where said.
/// A step runs once: its result is stored before the step returns, and a later run of the same execution (after a failure, a
/// crash, or a wait) gets what is stored. Everything between steps runs again in every run, so it must come to the same steps.
/// A wait (<see cref="SleepAsync"/>, <see cref="InvokeAsync"/>) ends the run: the execution leaves the process, and a later run comes back
/// past the wait. What comes after it in the abandoned run never happens, "finally" and "catch" included, as after a
/// crash: hold nothing across a wait that is not of the execution's own scope. docs/concepts/steps.md says it all.
/// </remarks>
public abstract class TaskContext
{
    private protected TaskContext()
    {
    }

    /// <summary>The execution's id, the same in every attempt: the natural idempotency key for calls to others.</summary>
    public abstract Guid ExecutionId { get; }

    /// <summary>The task's key.</summary>
    public abstract string TaskKey { get; }

    /// <summary>The queue it was claimed from.</summary>
    public abstract string Queue { get; }

    /// <summary>Which start this is, 1-based; starts that ended in a crash count.</summary>
    public abstract int Attempt { get; }

    /// <summary>When it was enqueued.</summary>
    public abstract DateTimeOffset CreatedAt { get; }

    /// <summary>Ends when the execution is cancelled, times out, is taken over by another process, or shutdown's deadline has come. Thread-safe.</summary>
    public abstract CancellationToken CancellationToken { get; }

    /// <summary>The services of the execution's own scope, made at the first use.</summary>
    /// <exception cref="InvalidOperationException">The orchestrator was made without services.</exception>
    public abstract IServiceProvider Services { get; }

    /// <summary>A logger whose entries carry the execution's id, task and attempt.</summary>
    public abstract ILogger Logger { get; }

    /// <summary>The client, to invoke further tasks.</summary>
    public abstract IConductor Conductor { get; }

    /// <summary>The execution's clock: the same in every run. It stands still between steps, and goes on to when a step finished.</summary>
    /// <value>Before the first step, when the first run that stored one started. Thread-safe; in parallel steps their order decides it.</value>
    public DateTimeOffset Now => Flow.Now;

    /// <summary>Random numbers that are the same in every run, as long as they are asked for in the same order. Not for secrets.</summary>
    public Random Random => Flow.Random;

    private protected abstract ExecutionFlow Flow { get; }

    /// <summary>A new id that is the same in every run, as long as ids are asked for in the same order.</summary>
    public Guid NewGuid() => Flow.NewGuid();

    /// <summary>Runs a part of the work once, and remembers its result.</summary>
    /// <typeparam name="T">The result, serialised with System.Text.Json; what is returned is what was stored, in the first run too.</typeparam>
    /// <param name="name">Unique in the execution, and the same in every run; 1 to 400 bytes. In a loop, put the index into it.</param>
    /// <param name="work">The work. A process that dies in it, or before its result is stored, runs it again; an exception is not stored.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="ConductorException">Code step-conflict: the name was used before in this run, or is stored as another kind; invalid-payload: the result cannot be stored, or what is stored cannot be read as <typeparamref name="T"/>.</exception>
    /// <exception cref="OperationCanceledException">The execution is another process's by now, or was told to stop.</exception>
    /// <remarks>Thread-safe: steps may run in parallel. Costs one durable write, which steps of other executions share under load.</remarks>
    public Task<T> StepAsync<T>(string name, Func<Task<T>> work, StepOptions? options = null) => Flow.StepAsync(name, work, options);

    /// <summary>Runs a part of the work once.</summary>
    /// <inheritdoc cref="StepAsync{T}(string, Func{Task{T}}, StepOptions)"/>
    public Task StepAsync(string name, Func<Task> work, StepOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Flow.StepAsync(name, async () =>
        {
            await work().ConfigureAwait(false);
            return default(NoResult);
        }, options);
    }

    /// <summary>Runs a part of the work in a transaction that the step is stored in: what is written there is written exactly once.</summary>
    /// <param name="name">As for <see cref="StepAsync{T}(string, Func{Task{T}}, StepOptions)"/>.</param>
    /// <param name="work">Writes to PgConductor's database with the transaction's connection, and neither commits nor rolls back.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <inheritdoc cref="StepAsync{T}(string, Func{Task{T}}, StepOptions)"/>
    public Task<T> TransactionStepAsync<T>(string name, Func<NpgsqlTransaction, Task<T>> work, StepOptions? options = null) => Flow.TransactionStepAsync(name, work, options);

    /// <inheritdoc cref="TransactionStepAsync{T}(string, Func{NpgsqlTransaction, Task{T}}, StepOptions)"/>
    public Task TransactionStepAsync(string name, Func<NpgsqlTransaction, Task> work, StepOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Flow.TransactionStepAsync(name, async transaction =>
        {
            await work(transaction).ConfigureAwait(false);
            return default(NoResult);
        }, options);
    }

    /// <summary>A good moment to stop: when the process is about to, or the task's window has closed, the execution is put back, and goes on from here elsewhere or when the window opens.</summary>
    /// <remarks>Every step is such a moment too. Nothing needs to be saved: what is done is stored already.</remarks>
    public Task CheckpointAsync() => Flow.CheckpointAsync();

    /// <summary>Sleeps without keeping anything: no slot, no memory, no attempt. Survives every crash.</summary>
    /// <param name="name">As for a step.</param>
    /// <param name="duration">Counted from when the execution is put away; at most 100 years. Zero or less: none.</param>
    public Task SleepAsync(string name, TimeSpan duration) => Flow.SleepAsync(name, duration);

    /// <summary>Sleeps until a time, as <see cref="SleepAsync"/> does.</summary>
    /// <param name="name">As for a step.</param>
    /// <param name="until">At most 100 years ahead. The past: no sleep.</param>
    public Task SleepUntilAsync(string name, DateTimeOffset until) => Flow.SleepUntilAsync(name, until);

    /// <summary>Runs another task as a child of this execution and waits for its result, keeping neither slot nor attempt.</summary>
    /// <param name="name">As for a step.</param>
    /// <param name="task">The child's task; served by any process.</param>
    /// <param name="payload">The child's payload.</param>
    /// <param name="options">Timeout, and how it is enqueued.</param>
    /// <exception cref="ChildFailedException">It failed for good, was cancelled, or had no outcome in time.</exception>
    /// <remarks>The child is enqueued once, when this execution suspends: await it. For many in parallel, <see cref="InvokeAllAsync"/>.</remarks>
    public Task<TResult> InvokeAsync<TPayload, TResult>(string name, TaskDefinition<TPayload, TResult> task, TPayload payload, ChildOptions? options = null) =>
        Flow.Children.InvokeAsync(name, task, payload, options);

    /// <summary>Runs a child for each payload, in parallel, and waits for all of them; the results are in the order of the payloads.</summary>
    /// <param name="name">As for a step; each child's is this, a slash and its index.</param>
    /// <param name="task">The children's task.</param>
    /// <param name="payloads">The same in every run; at most 10,000.</param>
    /// <param name="options">Timeout, and how they are enqueued.</param>
    /// <exception cref="ChildFailedException">One of them did not complete: the first in order, once all have ended.</exception>
    public Task<IReadOnlyList<TResult>> InvokeAllAsync<TPayload, TResult>(string name, TaskDefinition<TPayload, TResult> task, IEnumerable<TPayload> payloads, ChildOptions? options = null) =>
        Flow.Children.InvokeAllAsync(name, task, payloads, options);

    /// <summary>Waits for an event, keeping neither slot nor attempt; every later run gets the same outcome.</summary>
    /// <typeparam name="T">The event's payload.</typeparam>
    /// <param name="name">As for a step.</param>
    /// <param name="key">The event's key; 1 to 400 bytes.</param>
    /// <param name="match">Which payloads count; null: all.</param>
    /// <param name="timeout">How long, from when it is registered; more than zero, at most 100 years. Null: without a limit.</param>
    /// <exception cref="ConductorException">Codes as for a step; invalid-argument: a value is out of range. A <paramref name="match"/> that PostgreSQL cannot read fails the execution.</exception>
    /// <remarks>
    /// The first run registers the wait when it suspends, in the statement that puts the execution away: an event counts if its
    /// transaction commits after that. To have those too that come while the handler still does something first, such as asking for
    /// what will be answered by the event, register before it with <see cref="ExpectEventAsync"/>.
    /// </remarks>
    public Task<EventOutcome<T>> WaitForEventAsync<T>(string name, string key, EventFilter? match = null, TimeSpan? timeout = null) =>
        Flow.Events.WaitAsync<T>(name, key, match, timeout);

    /// <summary>Registers a wait for an event before it is waited for: every matching event whose transaction commits after this returns is kept for it.</summary>
    /// <inheritdoc cref="WaitForEventAsync"/>
    /// <remarks>Costs one durable write, once. The timeout counts from it.</remarks>
    public Task<EventExpectation<T>> ExpectEventAsync<T>(string name, string key, EventFilter? match = null, TimeSpan? timeout = null) =>
        Flow.Events.ExpectAsync<T>(name, key, match, timeout);
}
