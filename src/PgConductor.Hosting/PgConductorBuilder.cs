using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PgConductor.Schedules;

namespace PgConductor.Hosting;

/// <summary>Collects what a process runs and how; made by <see cref="ServiceCollectionExtensions.AddPgConductor"/>.</summary>
/// <remarks>Not thread-safe: used while services are registered. Nothing is checked until the host starts.</remarks>
public sealed class PgConductorBuilder
{
    /// <summary>The configuration section that is read unless another is named: "PgConductor".</summary>
    public const string DefaultSection = "PgConductor";

    private readonly List<Func<ConductorOptions, ConductorOptions>> _conductor = [];
    private readonly List<Func<OrchestratorOptions, OrchestratorOptions>> _orchestrator = [];
    private readonly List<(string Queue, Func<WorkerOptions, WorkerOptions> Change)> _workers = [];
    private readonly List<Type> _handlers = [];

    internal PgConductorBuilder(IServiceCollection services) => Services = services;

    /// <summary>The services being registered.</summary>
    public IServiceCollection Services { get; }

    internal TaskCollection Tasks { get; } = new();

    internal IReadOnlyList<Type> Handlers => _handlers;

    internal bool IsClientOnly { get; private set; }

    internal string SectionName { get; private set; } = DefaultSection;

    internal string? ConnectionName { get; private set; }

    /// <summary>Uses this Npgsql connection string, whatever the configuration says.</summary>
    public PgConductorBuilder UseConnectionString(string connectionString)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        return ConfigureConductor(options => options with { ConnectionString = connectionString });
    }

    /// <summary>Takes the connection string from the configuration's ConnectionStrings, by name.</summary>
    /// <param name="name">Default, when this is not called: "PgConductor".</param>
    /// <remarks>The section's own ConnectionString, and <see cref="UseConnectionString"/>, win over it.</remarks>
    public PgConductorBuilder UseConnectionName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ConnectionName = name;
        return this;
    }

    /// <summary>Reads another section of the configuration than "PgConductor".</summary>
    /// <param name="name">The section's path, for example "Jobs:PgConductor".</param>
    public PgConductorBuilder UseSection(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        SectionName = name;
        return this;
    }

    /// <summary>Changes the client's settings, after the configuration was read.</summary>
    /// <param name="change">Given the settings so far; returns the new ones, for example <c>options with { ApplicationName = "shop" }</c>.</param>
    public PgConductorBuilder ConfigureConductor(Func<ConductorOptions, ConductorOptions> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        _conductor.Add(change);
        return this;
    }

    /// <summary>Changes the orchestrator's settings, after the configuration was read.</summary>
    /// <param name="change">Given the settings so far; returns the new ones.</param>
    public PgConductorBuilder ConfigureOrchestrator(Func<OrchestratorOptions, OrchestratorOptions> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        _orchestrator.Add(change);
        return this;
    }

    /// <summary>Serves a queue with settings of its own, after the configuration was read.</summary>
    /// <param name="queue">The queue; created at start if it is not there.</param>
    /// <param name="change">Given the settings so far (those of all workers, unless the configuration names the queue); returns the new ones.</param>
    public PgConductorBuilder ConfigureWorker(string queue, Func<WorkerOptions, WorkerOptions> change)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        ArgumentNullException.ThrowIfNull(change);
        _workers.Add((queue, change));
        return this;
    }

    /// <summary>Only enqueues, queries and steers: no orchestrator runs in this process, and tasks added here are only definitions.</summary>
    public PgConductorBuilder ClientOnly()
    {
        IsClientOnly = true;
        return this;
    }

    /// <summary>Adds a task with a delegate that returns its result.</summary>
    /// <exception cref="ArgumentException">The key was added before.</exception>
    public PgConductorBuilder AddTask<TPayload, TResult>(TaskDefinition<TPayload, TResult> task, Func<TPayload, TaskContext, Task<TResult>> handler)
    {
        Tasks.Add(task, handler);
        return this;
    }

    /// <summary>Adds a task with a delegate and no result.</summary>
    /// <exception cref="ArgumentException">The key was added before.</exception>
    public PgConductorBuilder AddTask<TPayload>(TaskDefinition<TPayload, NoResult> task, Func<TPayload, TaskContext, Task> handler)
    {
        Tasks.Add(task, handler);
        return this;
    }

    /// <summary>Adds a task whose handler is a class: made in a scope of its own for every execution, disposed of with it.</summary>
    /// <typeparam name="THandler">The class. Registered as a scoped service, unless it is registered already.</typeparam>
    /// <typeparam name="TPayload">The payload.</typeparam>
    /// <typeparam name="TResult">The result.</typeparam>
    /// <exception cref="ArgumentException">The key was added before.</exception>
    public PgConductorBuilder AddTask<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler, TPayload, TResult>(TaskDefinition<TPayload, TResult> task)
        where THandler : class, ITaskHandler<TPayload, TResult>
    {
        Tasks.Add<THandler, TPayload, TResult>(task);
        return AddHandler<THandler>();
    }

    /// <summary>Adds a task without a result whose handler is a class: made in a scope of its own for every execution, disposed of with it.</summary>
    /// <typeparam name="THandler">The class. Registered as a scoped service, unless it is registered already.</typeparam>
    /// <typeparam name="TPayload">The payload.</typeparam>
    /// <exception cref="ArgumentException">The key was added before.</exception>
    public PgConductorBuilder AddTask<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler, TPayload>(TaskDefinition<TPayload, NoResult> task)
        where THandler : class, ITaskHandler<TPayload>
    {
        Tasks.Add<THandler, TPayload>(task);
        return AddHandler<THandler>();
    }

    /// <summary>Adds a batch task with a delegate: it gets many executions at once, and gives each its outcome.</summary>
    /// <param name="task">Its <see cref="TaskOptions.Batch"/> says how many, and how long the first waits for more.</param>
    /// <param name="handler">The delegate.</param>
    /// <exception cref="ArgumentException">The key was added before, or the task has no <see cref="TaskOptions.Batch"/>.</exception>
    public PgConductorBuilder AddBatchTask<TPayload, TResult>(TaskDefinition<TPayload, TResult> task, Func<BatchContext<TPayload, TResult>, Task> handler)
    {
        Tasks.AddBatch(task, handler);
        return this;
    }

    /// <summary>Adds a batch task whose handler is a class: made in a scope of its own for every batch, disposed of with it.</summary>
    /// <typeparam name="THandler">The class. Registered as a scoped service, unless it is registered already.</typeparam>
    /// <typeparam name="TPayload">The payload.</typeparam>
    /// <typeparam name="TResult">The result.</typeparam>
    /// <exception cref="ArgumentException">The key was added before, or the task has no <see cref="TaskOptions.Batch"/>.</exception>
    public PgConductorBuilder AddBatchTask<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler, TPayload, TResult>(TaskDefinition<TPayload, TResult> task)
        where THandler : class, IBatchTaskHandler<TPayload, TResult>
    {
        Tasks.AddBatch<THandler, TPayload, TResult>(task);
        return AddHandler<THandler>();
    }

    /// <summary>Declares a schedule of the service that <see cref="OrchestratorOptions.Service"/> names: runs of a task by the clock of a time zone.</summary>
    /// <param name="key">Names the schedule, in all services; 1 to 200 bytes, no control characters.</param>
    /// <param name="task">What runs; need not be added here.</param>
    /// <param name="payload">Each run's payload.</param>
    /// <param name="cron">When: five fields, or six with the second first; docs/concepts/schedules.md has the grammar.</param>
    /// <param name="options">How; null: by UTC, with the defaults.</param>
    /// <exception cref="ArgumentException">The key was declared before.</exception>
    /// <exception cref="ConductorException">Code invalid-argument: a value is out of range; the message names it.</exception>
    public PgConductorBuilder AddSchedule<TPayload, TResult>(string key, TaskDefinition<TPayload, TResult> task, TPayload payload, string cron, ScheduleOptions? options = null)
    {
        Tasks.Schedule(key, task, payload, cron, options);
        return this;
    }

    /// <summary>Declares that a task of the service that <see cref="OrchestratorOptions.Service"/> names is started by an event, or by changes of a table.</summary>
    /// <param name="task">What is started; need not be added here.</param>
    /// <param name="subscription">To what.</param>
    /// <exception cref="ArgumentException">The subscription is not possible, or the task has one of this name.</exception>
    public PgConductorBuilder AddSubscription(TaskDefinition task, EventSubscription subscription)
    {
        Tasks.Subscribe(task, subscription);
        return this;
    }

    internal ConductorOptions Apply(ConductorOptions options) => _conductor.Aggregate(options, static (current, change) => change(current));

    internal OrchestratorOptions Apply(OrchestratorOptions options)
    {
        options = _orchestrator.Aggregate(options, static (current, change) => change(current));
        if (_workers.Count == 0)
        {
            return options;
        }

        var queues = new Dictionary<string, WorkerOptions>(options.Queues, StringComparer.Ordinal);
        foreach (var (queue, change) in _workers)
        {
            queues[queue] = change(queues.GetValueOrDefault(queue) ?? options.Worker);
        }

        return options with { Queues = queues };
    }

    private PgConductorBuilder AddHandler<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>()
        where THandler : class
    {
        // As a service of the scope it is disposed of with it; one made beside the container would not be.
        Services.TryAddScoped<THandler>();
        _handlers.Add(typeof(THandler));
        return this;
    }
}
