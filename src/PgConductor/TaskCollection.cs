using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using PgConductor.Schedules;
using PgConductor.Workers;

namespace PgConductor;

/// <summary>The tasks a process can run, each with its handler.</summary>
/// <remarks>Not thread-safe; filled before an orchestrator is made from it.</remarks>
public sealed class TaskCollection
{
    private readonly Dictionary<string, TaskRegistration> _registrations = new(StringComparer.Ordinal);
    private readonly List<SubscriptionDeclaration> _subscriptions = [];
    private readonly Dictionary<string, ScheduleDeclaration> _schedules = new(StringComparer.Ordinal);

    /// <summary>The definitions added so far.</summary>
    public IReadOnlyCollection<TaskDefinition> Definitions => [.. _registrations.Values.Select(registration => registration.Definition)];

    internal IReadOnlyList<SubscriptionDeclaration> Subscriptions => _subscriptions;

    internal IReadOnlyCollection<ScheduleDeclaration> Schedules => _schedules.Values;

    internal IReadOnlyCollection<TaskRegistration> Registrations => _registrations.Values;

    /// <summary>Adds a task with a delegate that returns its result.</summary>
    /// <exception cref="ArgumentException">The key was added before.</exception>
    public TaskCollection Add<TPayload, TResult>(TaskDefinition<TPayload, TResult> task, Func<TPayload, TaskContext, Task<TResult>> handler)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(handler);
        return Add(new TaskRegistration<TPayload, TResult>(task, handler));
    }

    /// <summary>Adds a task with a delegate and no result.</summary>
    /// <exception cref="ArgumentException">The key was added before.</exception>
    public TaskCollection Add<TPayload>(TaskDefinition<TPayload, NoResult> task, Func<TPayload, TaskContext, Task> handler)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(handler);
        return Add(new TaskRegistration<TPayload, NoResult>(task, (payload, context) =>
        {
            var running = handler(payload, context);
            return running.IsCompletedSuccessfully ? TaskRegistration.NoResultTask : AwaitAsync(running);
        }));

        static async Task<NoResult> AwaitAsync(Task running)
        {
            await running.ConfigureAwait(false);
            return default;
        }
    }

    /// <summary>Adds a task whose handler is a class, made for each execution from its scope's services.</summary>
    /// <typeparam name="THandler">The class; its constructor is injected.</typeparam>
    /// <typeparam name="TPayload">The payload.</typeparam>
    /// <typeparam name="TResult">The result.</typeparam>
    /// <exception cref="ArgumentException">The key was added before.</exception>
    public TaskCollection Add<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler, TPayload, TResult>(TaskDefinition<TPayload, TResult> task)
        where THandler : class, ITaskHandler<TPayload, TResult>
    {
        ArgumentNullException.ThrowIfNull(task);
        return Add(new TaskRegistration<TPayload, TResult>(task, static (payload, context) =>
            ActivatorUtilities.GetServiceOrCreateInstance<THandler>(context.Services).RunAsync(payload, context)));
    }

    /// <summary>Adds a task without a result whose handler is a class, made for each execution from its scope's services.</summary>
    /// <typeparam name="THandler">The class; its constructor is injected.</typeparam>
    /// <typeparam name="TPayload">The payload.</typeparam>
    /// <exception cref="ArgumentException">The key was added before.</exception>
    public TaskCollection Add<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler, TPayload>(TaskDefinition<TPayload, NoResult> task)
        where THandler : class, ITaskHandler<TPayload> =>
        Add(task, static (payload, context) =>
            ActivatorUtilities.GetServiceOrCreateInstance<THandler>(context.Services).RunAsync(payload, context));

    /// <summary>Adds a batch task with a delegate: it gets many executions at once, and gives each its outcome.</summary>
    /// <param name="task">Its <see cref="TaskOptions.Batch"/> says how many, and how long the first waits for more.</param>
    /// <param name="handler">The delegate.</param>
    /// <exception cref="ArgumentException">The key was added before, or the task has no <see cref="TaskOptions.Batch"/>.</exception>
    public TaskCollection AddBatch<TPayload, TResult>(TaskDefinition<TPayload, TResult> task, Func<BatchContext<TPayload, TResult>, Task> handler)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(handler);
        return Add(new BatchRegistration<TPayload, TResult>(task, handler));
    }

    /// <summary>Adds a batch task whose handler is a class, made for each batch from its scope's services.</summary>
    /// <typeparam name="THandler">The class; its constructor is injected.</typeparam>
    /// <typeparam name="TPayload">The payload.</typeparam>
    /// <typeparam name="TResult">The result.</typeparam>
    /// <exception cref="ArgumentException">The key was added before, or the task has no <see cref="TaskOptions.Batch"/>.</exception>
    public TaskCollection AddBatch<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler, TPayload, TResult>(TaskDefinition<TPayload, TResult> task)
        where THandler : class, IBatchTaskHandler<TPayload, TResult> =>
        AddBatch(task, static batch => ActivatorUtilities.GetServiceOrCreateInstance<THandler>(batch.Services).RunAsync(batch));

    /// <summary>Declares that a task is started by an event, or by changes of a table. The database has it from the orchestrator's start on.</summary>
    /// <param name="task">What is started; need not be added here. Its payload is the event's, or what the subscription chooses of it.</param>
    /// <param name="subscription">To what.</param>
    /// <remarks>Belongs to <see cref="OrchestratorOptions.Service"/>, which must be set. Filters and tables are checked by the database, at start.</remarks>
    /// <exception cref="ArgumentException">The subscription is not possible, or the task has one of this name.</exception>
    public TaskCollection Subscribe(TaskDefinition task, EventSubscription subscription)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(subscription);
        if (subscription.FindFault() is { } fault)
        {
            throw new ArgumentException($"The subscription \"{subscription.Name}\" of task \"{task.Key}\" is not possible: {fault}.", nameof(subscription));
        }

        if (_subscriptions.Exists(other => other.TaskKey == task.Key && other.Subscription.Name == subscription.Name))
        {
            throw new ArgumentException($"The task \"{task.Key}\" has a subscription \"{subscription.Name}\" already: give one of them another Name.", nameof(subscription));
        }

        _subscriptions.Add(new SubscriptionDeclaration(task.Key, subscription));
        return this;
    }

    /// <summary>Declares a schedule: runs of a task by the clock of a time zone. The database has it from the orchestrator's start on.</summary>
    /// <param name="key">Names the schedule, in all services; 1 to 200 bytes, no control characters.</param>
    /// <param name="task">What runs; need not be added here.</param>
    /// <param name="payload">Each run's payload.</param>
    /// <param name="cron">When: five fields, or six with the second first; docs/concepts/schedules.md has the grammar.</param>
    /// <param name="options">How; null: by UTC, with the defaults.</param>
    /// <remarks>
    /// Belongs to <see cref="OrchestratorOptions.Service"/>, which must be set. A restart that changes nothing leaves it as it is:
    /// runs missed meanwhile are made up for as <see cref="ScheduleOptions.Missed"/> says, and a pause stays.
    /// </remarks>
    /// <exception cref="ArgumentException">The key was declared before.</exception>
    /// <exception cref="ConductorException">Code invalid-argument: a value is out of range; the message names it.</exception>
    public TaskCollection Schedule<TPayload, TResult>(string key, TaskDefinition<TPayload, TResult> task, TPayload payload, string cron, ScheduleOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        var declaration = new ScheduleDeclaration<TPayload>(ScheduleRules.Check(key, task.Key, cron, options), payload);
        return _schedules.TryAdd(key, declaration)
            ? this
            : throw new ArgumentException($"The schedule \"{key}\" was declared before: give each a key of its own.", nameof(key));
    }

    /// <summary>The same tasks and schedules, each task run by what is made of it here.</summary>
    internal TaskCollection Wrap(Func<TaskRegistration, TaskRegistration> wrap)
    {
        var wrapped = new TaskCollection();
        foreach (var registration in Registrations)
        {
            wrapped.Add(wrap(registration));
        }

        foreach (var (key, declaration) in _schedules)
        {
            wrapped._schedules.Add(key, declaration);
        }

        return wrapped;
    }

    private TaskCollection Add(TaskRegistration registration)
    {
        if (registration is BatchRegistration != registration.Definition.Options.Batch is not null)
        {
            throw new ArgumentException(registration is BatchRegistration
                ? $"The task \"{registration.Definition.Key}\" has no TaskOptions.Batch: say there how many executions its handler gets and how long the first waits, or add it with Add."
                : $"The task \"{registration.Definition.Key}\" has TaskOptions.Batch: add it with AddBatch, or remove that setting.");
        }

        if (!_registrations.TryAdd(registration.Definition.Key, registration))
        {
            throw new ArgumentException($"The task \"{registration.Definition.Key}\" was added before: a process runs one handler a task.");
        }

        return this;
    }
}
