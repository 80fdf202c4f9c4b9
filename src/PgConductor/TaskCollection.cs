using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using PgConductor.Workers;

namespace PgConductor;

/// <summary>The tasks a process can run, each with its handler.</summary>
/// <remarks>Not thread-safe; filled before an orchestrator is made from it.</remarks>
public sealed class TaskCollection
{
    private readonly Dictionary<string, TaskRegistration> _registrations = new(StringComparer.Ordinal);

    /// <summary>The definitions added so far.</summary>
    public IReadOnlyCollection<TaskDefinition> Definitions => [.. _registrations.Values.Select(registration => registration.Definition)];

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

    internal TaskCollection Add(TaskRegistration registration)
    {
        if (!_registrations.TryAdd(registration.Definition.Key, registration))
        {
            throw new ArgumentException($"The task \"{registration.Definition.Key}\" was added before: a process runs one handler a task.");
        }

        return this;
    }
}
