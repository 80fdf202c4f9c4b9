using System.Globalization;
using System.Text;
using PgConductor.Client;
using PgConductor.Testing.Assertions;

namespace PgConductor.Testing;

/// <summary>Looks at the executions of a test host; what is not as expected is a <see cref="ConductorAssertionException"/> that says what was found.</summary>
/// <remarks>
/// Each method looks once, at what is there now: call <see cref="ConductorTestHost.DrainAsync"/> before. A task that keeps no
/// history (<see cref="TaskOptions.KeepCompleted"/>) has nothing to look at once it has finished. Thread-safe.
/// </remarks>
public sealed class TestExecutions
{
    private readonly Conductor _conductor;
    private readonly HostClock _clock;

    internal TestExecutions(Conductor conductor, HostClock clock)
    {
        _conductor = conductor;
        _clock = clock;
    }

    /// <summary>The executions of a task, or of all, oldest first, with their payloads, results and errors.</summary>
    /// <param name="task">Null: of all tasks.</param>
    /// <param name="state">Null: in any state.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>At most 1000: the newest.</returns>
    public async Task<IReadOnlyList<ExecutionInfo>> ListAsync(TaskDefinition? task = null, ExecutionState? state = null, CancellationToken cancellationToken = default)
    {
        var list = new List<ExecutionInfo>();
        foreach (var found in await _conductor.ListAsync(new ExecutionQuery { TaskKey = task?.Key, State = state, Limit = 1000 }, cancellationToken).ConfigureAwait(false))
        {
            if (await _conductor.GetAsync(found.Id, cancellationToken).ConfigureAwait(false) is { } execution)
            {
                list.Add(execution);
            }
        }

        list.Reverse();
        return list;
    }

    /// <summary>The one execution of a task, whatever its state.</summary>
    /// <exception cref="ConductorAssertionException">There is none, or more than one.</exception>
    public async Task<ExecutionInfo> SingleAsync(TaskDefinition task, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        var found = await ListAsync(task, cancellationToken: cancellationToken).ConfigureAwait(false);
        return found.Count == 1 ? found[0] : throw Fail($"one execution of task \"{task.Key}\"", found);
    }

    /// <summary>Asserts that an execution has completed. Returns it.</summary>
    /// <exception cref="ConductorAssertionException">It has not, or is not known.</exception>
    public Task<ExecutionInfo> ShouldBeCompletedAsync(Guid id, CancellationToken cancellationToken = default) =>
        ShouldAsync(id, "completed", execution => execution.State == ExecutionState.Completed, cancellationToken);

    /// <summary>Asserts that an execution is a dead letter. Returns it.</summary>
    /// <param name="id">The execution.</param>
    /// <param name="reason">What its reason must contain, case included; null: anything.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ConductorAssertionException">It is not, for another reason, or not known.</exception>
    public Task<ExecutionInfo> ShouldBeFailedAsync(Guid id, string? reason = null, CancellationToken cancellationToken = default) =>
        ShouldAsync(
            id,
            reason is null ? "failed" : $"failed with a reason that contains \"{reason}\"",
            execution => execution.State == ExecutionState.Failed && (reason is null || execution.Reason?.Contains(reason, StringComparison.Ordinal) == true),
            cancellationToken);

    /// <summary>Asserts that an execution was cancelled. Returns it.</summary>
    /// <exception cref="ConductorAssertionException">It was not, or is not known.</exception>
    public Task<ExecutionInfo> ShouldBeCancelledAsync(Guid id, CancellationToken cancellationToken = default) =>
        ShouldAsync(id, "cancelled", execution => execution.State == ExecutionState.Cancelled, cancellationToken);

    /// <summary>Asserts that an execution waits for a time. Returns it.</summary>
    /// <param name="id">The execution.</param>
    /// <param name="after">How long from the clock's time, to the microsecond; null: any time later.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ConductorAssertionException">It does not, for another time, or is not known.</exception>
    public Task<ExecutionInfo> ShouldBeScheduledAsync(Guid id, TimeSpan? after = null, CancellationToken cancellationToken = default)
    {
        var due = after is { } pause ? HostClock.Whole(_clock.GetUtcNow() + pause) : (DateTimeOffset?)null;
        return ShouldAsync(
            id,
            due is null ? "scheduled" : string.Create(CultureInfo.InvariantCulture, $"scheduled for {due:O}"),
            execution => execution.State == ExecutionState.Scheduled && (due is null || execution.RunAt == due),
            cancellationToken);
    }

    /// <summary>Asserts how often an execution was started again after its first start. Returns it.</summary>
    /// <param name="id">The execution.</param>
    /// <param name="times">Retries: starts but the first.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ConductorAssertionException">More or less often, or it is not known.</exception>
    public Task<ExecutionInfo> ShouldBeRetriedAsync(Guid id, int times, CancellationToken cancellationToken = default) =>
        ShouldAsync(id, $"retried {Descriptions.Times(times)}", execution => Math.Max(execution.Attempts - 1, 0) == times, cancellationToken);

    /// <summary>Asserts that exactly one execution of a task, in any state, has a payload that fits. Returns it.</summary>
    /// <param name="task">The task.</param>
    /// <param name="fits">Looks at the payload; null: any payload.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ConductorAssertionException">None fits, or more than one; the message shows all that there are.</exception>
    public async Task<ExecutionInfo> ShouldBeEnqueuedAsync<TPayload, TResult>(TaskDefinition<TPayload, TResult> task, Func<TPayload, bool>? fits = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        var all = await ListAsync(task, cancellationToken: cancellationToken).ConfigureAwait(false);
        var fitting = all.Where(execution => fits is null || fits(Read<TPayload>(execution, task.Key))).ToList();
        return fitting.Count == 1
            ? fitting[0]
            : throw Fail($"one execution of task \"{task.Key}\" with a payload that fits ({fitting.Count} of them do)", all);
    }

    /// <summary>Asserts that nothing is left: nothing ready, scheduled, waiting or running.</summary>
    /// <param name="task">Null: of any task.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ConductorAssertionException">Something is left; the message lists it.</exception>
    public async Task ShouldBeNoneLeftAsync(TaskDefinition? task = null, CancellationToken cancellationToken = default)
    {
        var left = (await ListAsync(task, cancellationToken: cancellationToken).ConfigureAwait(false))
            .Where(execution => execution.State is not (ExecutionState.Completed or ExecutionState.Failed or ExecutionState.Cancelled))
            .ToList();
        if (left.Count > 0)
        {
            throw Fail(task is null ? "that no execution is left" : $"that no execution of task \"{task.Key}\" is left", left);
        }
    }

    private async Task<ExecutionInfo> ShouldAsync(Guid id, string expected, Func<ExecutionInfo, bool> holds, CancellationToken cancellationToken)
    {
        var execution = await _conductor.GetAsync(id, cancellationToken).ConfigureAwait(false);
        if (execution is not null && holds(execution))
        {
            return execution;
        }

        var found = execution is null
            ? " none: it never was, its retention is over, or its task keeps no history."
            : $"{Environment.NewLine}  {Descriptions.Of(execution)}";
        throw new ConductorAssertionException($"Expected execution {id} to be {expected} at {_clock.GetUtcNow():O}, found:{found}");
    }

    private TPayload Read<TPayload>(ExecutionInfo execution, string taskKey) =>
        _conductor.Serializer.Deserialize<TPayload>(Encoding.UTF8.GetBytes(execution.Payload?.GetRawText() ?? "null"), $"payload of task \"{taskKey}\"");

    private ConductorAssertionException Fail(string expected, IReadOnlyCollection<ExecutionInfo> found) =>
        new($"Expected {expected} at {_clock.GetUtcNow():O}, found:{Descriptions.Of(found)}");
}
