using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PgConductor.Client;
using PgConductor.Database;
using PgConductor.Schema;
using PgConductor.Workers;

namespace PgConductor.Orchestration;

/// <summary>One process identity that runs executions: its workers, its heartbeat, its graceful end.</summary>
/// <remarks>
/// Started once, stopped once; thread-safe. If its process dies or freezes, its work is started again elsewhere after
/// <see cref="OrchestratorOptions.Takeover"/>, and whatever it still sends is rejected.
/// </remarks>
public sealed class Orchestrator : IAsyncDisposable
{
    private static readonly TimeSpan _flushTimeout = TimeSpan.FromSeconds(10);

    private readonly Conductor _conductor;
    private readonly TaskCollection _tasks;
    private readonly OrchestratorOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _timeProvider;
    private readonly IDatabaseClient _database;
    private readonly List<Worker> _workers = [];
    private readonly Heartbeat _heartbeat;
    private readonly CancellationTokenSource _stopLoops = new();
    private readonly CancellationTokenSource _stopNow = new();
    private readonly TaskCompletionSource<string> _stopRequested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private Task? _stopping;
    private Task _beating = Task.CompletedTask;
    private Task _housekeeping = Task.CompletedTask;
    private IAsyncDisposable? _listener;
    private bool _started;

    /// <summary>Makes an orchestrator.</summary>
    /// <param name="conductor">The client; stays the caller's.</param>
    /// <param name="tasks">What it can run; at least one.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="services">For the scopes of executions; null: <see cref="TaskContext.Services"/> cannot be used.</param>
    /// <param name="loggerFactory">Null: no logs.</param>
    /// <exception cref="ConductorException">Code invalid-argument: the options are faulty; the message lists every fault.</exception>
    public Orchestrator(Conductor conductor, TaskCollection tasks, OrchestratorOptions? options = null, IServiceProvider? services = null, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(conductor);
        ArgumentNullException.ThrowIfNull(tasks);
        _conductor = conductor;
        _tasks = tasks;
        _options = options ?? new OrchestratorOptions();
        Validate(_options, tasks);
        loggerFactory ??= NullLoggerFactory.Instance;
        _logger = loggerFactory.CreateLogger<Orchestrator>();
        _timeProvider = conductor.Options.TimeProvider;
        _database = conductor.Database;
        var registrations = tasks.Registrations.ToDictionary(registration => registration.Definition.Key, StringComparer.Ordinal);
        foreach (var queue in QueuesOf(_options, tasks))
        {
            _workers.Add(new Worker(new WorkerServices
            {
                Queue = queue,
                Options = _options.Queues.GetValueOrDefault(queue) ?? _options.Worker,
                OrchestratorId = Id,
                Database = _database,
                Conductor = conductor,
                Serializer = conductor.Serializer,
                Tasks = registrations,
                TimeProvider = _timeProvider,
                LoggerFactory = loggerFactory,
                Listens = Listens,
                ScopeFactory = services?.GetService<IServiceScopeFactory>(),
                OnFenced = () => _heartbeat!.Fence(),
            }));
        }

        _heartbeat = new Heartbeat(Id, _options, _database, _workers, conductor.Options.StatementTimeout * 2, _timeProvider, _logger)
        {
            OnShutdown = reason => _stopRequested.TrySetResult(reason),
            RegisterAsync = RegisterAsync,
        };
    }

    /// <summary>This process's identity; new for every orchestrator.</summary>
    public Guid Id { get; } = Guid.CreateVersion7();

    /// <summary>Completes, with the reason, when somebody asked this process to stop: with a signal in the database.</summary>
    public Task<string> StopRequested => _stopRequested.Task;

    /// <summary>The queues it serves.</summary>
    public IReadOnlyList<string> Queues => [.. _workers.Select(worker => worker.Queue)];

    private bool Listens => _options.Listen && _database.SupportsSessions;

    /// <summary>Installs the schema if asked to, registers, and starts claiming. Returns when it does.</summary>
    /// <exception cref="ConductorException">The database cannot be reached, or the schema does not fit.</exception>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (_started)
        {
            throw new InvalidOperationException("An orchestrator is started once; make a new one.");
        }

        _started = true;
        var version = await EnsureSchemaAsync(cancellationToken).ConfigureAwait(false);
        await RegisterAsync(cancellationToken).ConfigureAwait(false);
        if (Listens)
        {
            await ListenAsync(cancellationToken).ConfigureAwait(false);
        }

        _beating = Task.Run(() => _heartbeat.RunAsync(_stopLoops.Token), CancellationToken.None);
        foreach (var worker in _workers)
        {
            worker.Start();
        }

        _housekeeping = Task.Run(() => new Housekeeping(_database, _workers, _timeProvider, _logger).RunAsync(_stopLoops.Token), CancellationToken.None);
        OrchestratorLog.Started(_logger, Id, Name(), version, string.Join(", ", Queues));
    }

    /// <summary>Stops gracefully: claims nothing more, hands back what has not started, waits for handlers, cancels those that take too long, records every outcome.</summary>
    /// <param name="cancellationToken">Ends the waiting for handlers: they are cancelled at once.</param>
    /// <remarks>
    /// What a handler that ignores its cancellation is doing stays leased, so that nobody starts it while it may still
    /// run; it is taken over after <see cref="OrchestratorOptions.Takeover"/>. May be called more than once.
    /// </remarks>
    public Task StopAsync(CancellationToken cancellationToken = default)
    {
        Task stopping;
        lock (_gate)
        {
            stopping = _stopping ??= Task.Run(() => StopOnceAsync("stop was called"), CancellationToken.None);
        }

        return cancellationToken.CanBeCanceled ? WaitOrHurryAsync(stopping, cancellationToken) : stopping;
    }

    /// <summary>Runs until the token ends it, somebody asks it to stop, or SIGTERM or SIGINT arrives; then stops gracefully. A second OS signal ends it now.</summary>
    /// <param name="cancellationToken">Ends it gracefully.</param>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        using var signals = new OsSignals(
            signal => _stopRequested.TrySetResult(signal),
            signal =>
            {
                OrchestratorLog.ForcedStop(_logger, signal);
                _stopNow.Cancel();
            });
        await StartAsync(cancellationToken).ConfigureAwait(false);
        using var registration = cancellationToken.Register(() => _stopRequested.TrySetResult("cancelled by the program"));
        var reason = await _stopRequested.Task.ConfigureAwait(false);
        OrchestratorLog.Stopping(_logger, Id, reason);
        await StopAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Runs until nothing is due and nothing runs, then stops: drain mode. Work that is due later is left.</summary>
    /// <param name="cancellationToken">Ends it gracefully before; so does a signal in the database (<see cref="StopRequested"/>).</param>
    /// <remarks>Starts unless <see cref="StartAsync"/> was called before.</remarks>
    public async Task DrainAsync(CancellationToken cancellationToken = default)
    {
        if (!_started)
        {
            await StartAsync(cancellationToken).ConfigureAwait(false);
        }

        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5), _timeProvider);
        try
        {
            // Two rounds in which every worker looked, found nothing and had nothing in hand: the second sees what the
            // first round's last handlers enqueued for a worker that had looked before.
            for (var round = 0; round < 2; round++)
            {
                var seen = _workers.ConvertAll(worker => worker.EmptySweeps);
                while (!_stopRequested.Task.IsCompleted && !_workers.TrueForAll(worker => worker.EmptySweeps > seen[_workers.IndexOf(worker)] && worker.Load.IsQuiet))
                {
                    foreach (var worker in _workers)
                    {
                        worker.Wake();
                    }

                    await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stops gracefully all the same.
        }

        await StopAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Stops, if it was started, and disposes of its parts.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_started)
        {
            await StopAsync(CancellationToken.None).ConfigureAwait(false);
        }

        foreach (var worker in _workers)
        {
            await worker.DisposeAsync().ConfigureAwait(false);
        }

        _stopLoops.Dispose();
        _stopNow.Dispose();
    }

    private static IEnumerable<string> QueuesOf(OrchestratorOptions options, TaskCollection tasks) =>
        options.Queues.Keys
            .Concat(options.OnlyNamedQueues ? [] : tasks.Definitions.Select(task => task.Options.Queue))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);

    private static void Validate(OrchestratorOptions options, TaskCollection tasks)
    {
        var faults = new List<string>(options.Validate());
        if (tasks.Definitions.Count == 0)
        {
            faults.Add("there is no task to run: add at least one to the TaskCollection");
        }

        if (faults.Count > 0)
        {
            throw new ConductorException(ConductorErrorCode.InvalidArgument, $"The options are faulty: {string.Join("; ", faults)}.");
        }
    }

    private async Task WaitOrHurryAsync(Task stopping, CancellationToken cancellationToken)
    {
        // The caller's token may be cancelled long after this object is gone.
        using var registration = cancellationToken.UnsafeRegister(static orchestrator => ((Orchestrator)orchestrator!).Hurry(), this);
        await stopping.ConfigureAwait(false);
    }

    private void Hurry()
    {
        try
        {
            _stopNow.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // Stopped and disposed of a moment ago.
        }
    }

    private async Task StopOnceAsync(string reason)
    {
        if (!_stopRequested.Task.IsCompleted)
        {
            _stopRequested.TrySetResult(reason);
        }

        _heartbeat.Draining = true;
        await Task.WhenAll(_workers.Select(worker => worker.StopClaimingAsync())).ConfigureAwait(false);
        var all = await WaitForHandlersAsync(_options.DrainTimeout, _stopNow.Token).ConfigureAwait(false);
        if (!all)
        {
            foreach (var worker in _workers)
            {
                worker.CancelHandlers();
            }

            await WaitForHandlersAsync(_options.CancelTimeout, CancellationToken.None).ConfigureAwait(false);
        }

        await Task.WhenAll(_workers.Select(worker => worker.StopAsync(_flushTimeout))).ConfigureAwait(false);

        // The heartbeat goes on until here, so that nobody takes over what is still being finished.
        await _stopLoops.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_beating, _housekeeping).ConfigureAwait(false);
        if (_listener is not null)
        {
            await _listener.DisposeAsync().ConfigureAwait(false);
        }

        await LeaveAsync().ConfigureAwait(false);
    }

    private async Task LeaveAsync()
    {
        try
        {
            var left = await _database.ShutdownAsync(Id, CancellationToken.None).ConfigureAwait(false);
            if (left > 0)
            {
                OrchestratorLog.StoppedWithLeases(_logger, Id, left);
            }
            else
            {
                OrchestratorLog.Stopped(_logger, Id);
            }
        }
        catch (ConductorException exception)
        {
            // The database is away: the takeover time settles what is left there.
            OrchestratorLog.HeartbeatFailed(_logger, TimeSpan.Zero, _options.Takeover, exception);
        }
    }

    private async Task<bool> WaitForHandlersAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var done = await Task.WhenAll(_workers.Select(worker => worker.WaitForHandlersAsync(timeout, cancellationToken))).ConfigureAwait(false);
        return Array.TrueForAll(done, all => all);
    }

    private async Task<int> EnsureSchemaAsync(CancellationToken cancellationToken)
    {
        if (_options.Migrate)
        {
            return await _database.MigrateAsync(cancellationToken).ConfigureAwait(false);
        }

        var version = await _database.GetSchemaVersionAsync(cancellationToken).ConfigureAwait(false);
        return version >= MigrationStore.Embedded.LatestVersion
            ? version
            : throw new ConductorException(ConductorErrorCode.Schema, $"The database is at schema version {version}; this library needs {MigrationStore.Embedded.LatestVersion}. Run `pgconductor migrate`, or set OrchestratorOptions.Migrate.");
    }

    private async Task RegisterAsync(CancellationToken cancellationToken)
    {
        await _database.RegisterOrchestratorAsync(Id, Name(), Version(), MigrationStore.Embedded.LatestVersion, cancellationToken).ConfigureAwait(false);
        var definitions = _tasks.Definitions;
        foreach (var queue in Queues.Union(definitions.Select(task => task.Options.Queue), StringComparer.Ordinal))
        {
            // The queues of all tasks exist before a task that names one of them is registered, served here or not.
            await _database.CreateQueueAsync(queue, partitioned: false, cancellationToken).ConfigureAwait(false);
        }

        foreach (var worker in _workers)
        {
            await _database.RegisterWorkerAsync(Id, worker.Queue, definitions, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        try
        {
            _listener = await _database.ListenAsync(Id, Queues, OnHint, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException and not OutOfMemoryException)
        {
            OrchestratorLog.ListenFailed(_logger, exception);
        }
    }

    private void OnHint(string? hint)
    {
        if (hint is null or "signal")
        {
            _heartbeat.Hurry();
        }

        foreach (var worker in _workers)
        {
            if (hint is null || hint == worker.Queue)
            {
                worker.Wake();
            }
        }
    }

    private string Name() => _options.Name ?? $"{Environment.MachineName}:{Environment.ProcessId}";

    private static string Version() =>
        typeof(Orchestrator).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
