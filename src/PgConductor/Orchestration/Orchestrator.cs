using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PgConductor.Client;
using PgConductor.Database;
using PgConductor.Diagnostics;
using PgConductor.Steps;
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
    private static readonly TimeSpan _logTimeout = TimeSpan.FromSeconds(2);

    private readonly Conductor _conductor;
    private readonly OrchestratorOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _timeProvider;
    private readonly IDatabaseClient _database;
    private readonly List<Worker> _workers = [];
    private readonly Registration _registration;
    private readonly Heartbeat _heartbeat;
    private readonly Scheduler _scheduler;
    private readonly DeclaredSchedules _declared;
    private readonly ExecutionLogWriter? _logs;
    private readonly GaugeSource _gauges;
    private readonly DirectStarter _directStarter;
    private readonly CancellationTokenSource _stopLoops = new();
    private readonly CancellationTokenSource _stopNow = new();
    private readonly CancellationTokenSource _abortStart = new();
    private readonly TaskCompletionSource<string> _stopRequested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private Task? _starting;
    private Task? _stopping;
    private Task _beating = Task.CompletedTask;
    private Task _housekeeping = Task.CompletedTask;
    private Task _scheduling = Task.CompletedTask;
    private IAsyncDisposable? _listener;
    private volatile OrchestratorPhase _phase;

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
        _options = options ?? new OrchestratorOptions();
        Validate(_options, tasks);
        var keepsLogs = tasks.Definitions.Any(task => ExecutionLogWriter.Keeps(task.Options, _options.Logs));
        loggerFactory = keepsLogs ? ExecutionLogProvider.AttachTo(loggerFactory) : loggerFactory;
        loggerFactory = loggerFactory is null ? NullLoggerFactory.Instance : new SafeLoggerFactory(loggerFactory);
        _logger = loggerFactory.CreateLogger<Orchestrator>();
        _timeProvider = conductor.Options.TimeProvider;
        _database = conductor.Database;
        _logs = keepsLogs ? new ExecutionLogWriter(_database, _options.Logs, _timeProvider, loggerFactory.CreateLogger<ExecutionLogWriter>()) : null;
        var registrations = tasks.Registrations.ToDictionary(registration => registration.Definition.Key, StringComparer.Ordinal);
        var writer = new StepWriter(_database, Id, _timeProvider, loggerFactory.CreateLogger<StepWriter>());
        var flows = new FlowServices(_database, Id, writer, conductor.Serializer, _timeProvider, loggerFactory.CreateLogger<StepWriter>());
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
                Flows = flows,
                ScopeFactory = services?.GetService<IServiceScopeFactory>(),
                Logs = _logs,
                OnFenced = () => _heartbeat!.Fence(),
            }));
        }

        _directStarter = new DirectStarter(_workers, registrations, loggerFactory.CreateLogger<DirectStarter>());
        _gauges = new GaugeSource(Queues, () => _workers.Select(worker => (worker.Queue, worker.KnownLeases.Count())));
        var schedulerLogger = loggerFactory.CreateLogger<Scheduler>();
        _scheduler = new Scheduler(new ScheduleRunner(_database, _timeProvider, schedulerLogger), _options.Heartbeat, _timeProvider, schedulerLogger);
        _declared = new DeclaredSchedules(_options.Service, tasks.Schedules, _database, conductor.Serializer, schedulerLogger);
        _registration = new Registration(Id, _options, tasks, _database, _workers, _logger);
        _heartbeat = new Heartbeat(Id, _options, _database, _workers, conductor.Options.StatementTimeout * 2, _timeProvider, _logger)
        {
            OnShutdown = reason => _stopRequested.TrySetResult(reason),
            RegisterAsync = _registration.RegisterAsync,
            OnSchedule = _scheduler.DueIn,
        };
    }

    /// <summary>This process's identity; new for every orchestrator.</summary>
    public Guid Id { get; } = Guid.CreateVersion7();

    /// <summary>Completes, with the reason, when somebody asked this process to stop: with a signal in the database.</summary>
    public Task<string> StopRequested => _stopRequested.Task;

    /// <summary>The queues it serves.</summary>
    public IReadOnlyList<string> Queues => [.. _workers.Select(worker => worker.Queue)];

    /// <summary>How this process stands with the database, as far as it knows; costs nothing.</summary>
    public OrchestratorStatus Status => new(_phase, _heartbeat.Silence, _heartbeat.IsRegistered);

    private bool Listens => _options.Listen && _database.SupportsSessions;

    /// <summary>Installs the schema if asked to, registers, and starts claiming. Returns when it does.</summary>
    /// <exception cref="ConductorException">The database cannot be reached, or the schema does not fit.</exception>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        Task starting;
        lock (_gate)
        {
            if (_starting is not null || _stopping is not null)
            {
                throw new InvalidOperationException("An orchestrator is started once and not after it was stopped; make a new one.");
            }

            _starting = starting = Task.Run(() => StartOnceAsync(cancellationToken), CancellationToken.None);
        }

        await starting.ConfigureAwait(false);
    }

    /// <summary>Stops gracefully: claims nothing more, hands back what has not started, waits for handlers, cancels those that take too long, records every outcome.</summary>
    /// <param name="cancellationToken">Ends the waiting for handlers: they are cancelled at once.</param>
    /// <remarks>
    /// What a handler that ignores its cancellation is doing stays leased, so that nobody starts it while it may still
    /// run; it is taken over after <see cref="OrchestratorOptions.Takeover"/>. While the database cannot be reached it
    /// tries for about 15 s more to record outcomes and to take its leave, then returns all the same. May be called more than
    /// once, and while <see cref="StartAsync"/> is still at work, which it ends.
    /// </remarks>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        Task stopping;
        lock (_gate)
        {
            stopping = _stopping ??= Task.Run(() => StopOnceAsync("stop was called"), CancellationToken.None);
        }

        if (stopping.IsCompleted)
        {
            await stopping.ConfigureAwait(false);
            return;
        }

        // Undone at the end: the caller's token may outlive this orchestrator.
        var registration = cancellationToken.Register(static source => ((CancellationTokenSource)source!).Cancel(), _stopNow);
        await using (registration.ConfigureAwait(false))
        {
            await stopping.ConfigureAwait(false);
        }
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
        using var registration = cancellationToken.Register(() => _stopRequested.TrySetResult("cancelled by the program"));
        try
        {
            await StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested || _stopRequested.Task.IsCompleted)
        {
            // Ended before it was up: what is up of it is stopped below.
        }

        var reason = await _stopRequested.Task.ConfigureAwait(false);
        OrchestratorLog.Stopping(_logger, Id, reason);
        await StopAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Runs until nothing is due and nothing runs, then stops: drain mode. Work that is due later is left, and what a limit's rate or slots of other processes hold back.</summary>
    /// <param name="cancellationToken">Ends it gracefully before; so does a signal in the database (<see cref="StopRequested"/>).</param>
    /// <remarks>Starts unless <see cref="StartAsync"/> was called before.</remarks>
    public async Task DrainAsync(CancellationToken cancellationToken = default)
    {
        await (_starting ?? StartAsync(cancellationToken)).ConfigureAwait(false);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _ = _stopRequested.Task.ContinueWith(static (_, source) => TryCancel((CancellationTokenSource)source!), ended, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5), _timeProvider);
            var quiescence = new Quiescence();
            while (!_stopRequested.Task.IsCompleted && !quiescence.Look(_workers.Select(WorkerSample.Of)))
            {
                _workers.ForEach(worker => worker.Wake());
                CloseBatches();
                await timer.WaitForNextTickAsync(ended.Token).ConfigureAwait(false);
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
        await StopAsync(CancellationToken.None).ConfigureAwait(false);

        foreach (var worker in _workers)
        {
            await worker.DisposeAsync().ConfigureAwait(false);
        }

        _stopLoops.Dispose();
        _stopNow.Dispose();
        _abortStart.Dispose();
    }

    /// <summary>Batches that wait for more start with what is due already: nobody expects more.</summary>
    internal void CloseBatches() => _workers.ForEach(worker => worker.CloseBatches());

    private static IEnumerable<string> QueuesOf(OrchestratorOptions options, TaskCollection tasks) =>
        options.Queues.Keys
            .Concat(options.OnlyNamedQueues ? [] : tasks.Definitions.Select(task => task.Options.Queue))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);

    private static void Validate(OrchestratorOptions options, TaskCollection tasks)
    {
        if (options.Validate(tasks) is { Count: > 0 } faults)
        {
            throw new ConductorException(ConductorErrorCode.InvalidArgument, $"The options are faulty: {string.Join("; ", faults)}.");
        }
    }

    private static void TryCancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // Whoever waited has gone.
        }
    }

    private async Task StartOnceAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _abortStart.Token);
        var version = await _registration.EnsureSchemaAsync(either.Token).ConfigureAwait(false);
        await _registration.RegisterAsync(either.Token).ConfigureAwait(false);
        await _declared.DeclareAsync(either.Token).ConfigureAwait(false);
        await _registration.SubscribeAsync(either.Token).ConfigureAwait(false);
        if (Listens)
        {
            await ListenAsync(either.Token).ConfigureAwait(false);
        }

        either.Token.ThrowIfCancellationRequested();
        _beating = _heartbeat.RunAsync(_stopLoops.Token);
        foreach (var worker in _workers)
        {
            worker.Start();
        }

        _conductor.Direct.Add(_directStarter);
        _housekeeping = Task.Run(() => new Housekeeping(_database, _workers, _timeProvider, _logger, _gauges).RunAsync(_stopLoops.Token), CancellationToken.None);
        Telemetry.Add(_gauges);
        _logs?.Start();
        _scheduling = Task.Run(() => _scheduler.RunAsync(_stopLoops.Token), CancellationToken.None);
        _phase = OrchestratorPhase.Running;
        OrchestratorLog.Started(_logger, Id, _registration.Name, version, string.Join(", ", Queues));
    }

    /// <summary>False: it was never started, so there is nothing to stop.</summary>
    private async Task<bool> EndStartAsync()
    {
        if (_starting is null)
        {
            return false;
        }

        if (!_starting.IsCompleted)
        {
            await _abortStart.CancelAsync().ConfigureAwait(false);
        }

        // Its caller gets its error.
        await _starting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return true;
    }

    private async Task StopOnceAsync(string reason)
    {
        _stopRequested.TrySetResult(reason);
        if (!await EndStartAsync().ConfigureAwait(false))
        {
            _phase = OrchestratorPhase.Stopped;
            return;
        }

        _phase = OrchestratorPhase.Stopping;
        _conductor.Direct.Remove(_directStarter);
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

        Telemetry.Remove(_gauges);
        await (_logs?.StopAsync(_logTimeout) ?? Task.CompletedTask).ConfigureAwait(false);

        // The heartbeat goes on until here, so that nobody takes over what is still being finished.
        await _stopLoops.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_beating, _housekeeping, _scheduling).ConfigureAwait(false);
        if (_listener is not null)
        {
            await _listener.DisposeAsync().ConfigureAwait(false);
        }

        await _registration.LeaveAsync(_heartbeat.IsHealthy).ConfigureAwait(false);
        _phase = OrchestratorPhase.Stopped;
    }

    private async Task<bool> WaitForHandlersAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var done = await Task.WhenAll(_workers.Select(worker => worker.WaitForHandlersAsync(timeout, cancellationToken))).ConfigureAwait(false);
        return Array.TrueForAll(done, all => all);
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
}
