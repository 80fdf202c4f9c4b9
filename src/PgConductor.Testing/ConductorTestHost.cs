using System.Globalization;
using Npgsql;
using PgConductor.Client;
using PgConductor.Testing.Assertions;
using PgConductor.Testing.Clocks;
using PgConductor.Testing.Servers;

namespace PgConductor.Testing;

/// <summary>A database of a test's own on a real PostgreSQL, a clock that the test moves, and processes that run its tasks.</summary>
/// <remarks>
/// Make one a test class, or one a test: the first of a process starts the server and installs the schema, each further
/// one copies a template. Hosts do not see each other, so tests run in parallel. Thread-safe. What a crashed test run leaves
/// on a shared server is dropped by the next run.
/// </remarks>
public sealed class ConductorTestHost : IAsyncDisposable
{
    private static readonly TimeSpan _defaultTimeout = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan _defaultHorizon = TimeSpan.FromDays(366);
    private static readonly DateTimeOffset _defaultStart = DateTimeOffset.Parse(ClockSql.DefaultStart, CultureInfo.InvariantCulture);

    private readonly TestServer _server;
    private readonly string _database;
    private readonly ConductorTestHostOptions _options;
    private readonly NpgsqlDataSource _source;
    private readonly CallGate _calls = new();
    private readonly List<TestProcess> _processes = [];
    private readonly Lock _gate = new();
    private readonly WorkLook _work;

    private ConductorTestHost(TestServer server, string database, ConductorTestHostOptions options)
    {
        _server = server;
        _database = database;
        _options = options;
        var builder = server.Connect(database);
        ConnectionString = builder.ConnectionString;

        // Pools of hosts that are gone would keep their connections to databases that are.
        builder.MaxPoolSize = 5;
        builder.ApplicationName = "pgconductor-testing";
        _source = NpgsqlDataSource.Create(builder);
        Clock = new HostClock(_source, HostClock.Whole(options.Start), _calls, Crashed);
        var client = options.Conductor is null ? NewOptions() : options.Conductor(NewOptions());
        ClientOptions = client with { ConnectionString = ConnectionString, TimeProvider = Clock.Engine };
        if (ClientOptions.Validate() is { Count: > 0 } faults)
        {
            throw new ConductorException(ConductorErrorCode.InvalidArgument, $"The options are faulty: {string.Join("; ", faults)}.");
        }

        Conductor = new Conductor(ClientOptions, checkedOptions => Processes.HostDatabase.Wrap(new PgConductor.Database.DatabaseClient(checkedOptions), _calls, () => false));
        Executions = new TestExecutions(Conductor, Clock);
        _work = new WorkLook(_source, Conductor, ServedTasks, CloseBatches);
    }

    /// <summary>Connects to the host's database, as whoever owns it.</summary>
    public string ConnectionString { get; }

    /// <summary>The client of the host's database.</summary>
    public Conductor Conductor { get; }

    /// <summary>Its clock, for C# and SQL.</summary>
    public HostClock Clock { get; }

    /// <summary>Looks at executions, with messages that say what was found.</summary>
    public TestExecutions Executions { get; }

    /// <summary>Makes attempts fail.</summary>
    public HandlerFaults Faults { get; } = new();

    /// <summary>Settings for an engine of your own on the host's database, such as that of a web application under test.</summary>
    /// <remarks>
    /// Their clock has the date of <see cref="Clock"/>, and its waits also end by themselves, as the engine's must: on a clock
    /// that only stands still it would stand still too. Drain before you move the clock: only the host's own processes
    /// are held while it moves.
    /// </remarks>
    public ConductorOptions ClientOptions { get; }

    /// <summary>Makes a host and starts one process that runs the tasks.</summary>
    /// <param name="tasks">What it runs; null or empty: no process, so that what is enqueued stays.</param>
    /// <param name="options">How; null: the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ConductorException">Code unavailable: the server does not answer, or refuses the user. Code invalid-argument: its user may not make databases, or the options are faulty.</exception>
    /// <exception cref="Postgres.LocalPostgresException">There is no server and none could be started; the message says what to do.</exception>
    public static async Task<ConductorTestHost> StartAsync(TaskCollection? tasks = null, ConductorTestHostOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new ConductorTestHostOptions();
        cancellationToken.ThrowIfCancellationRequested();
        var server = await TestServer.GetAsync(options.Server).ConfigureAwait(false);
        var database = await server.TakeDatabaseAsync().ConfigureAwait(false);
        ConductorTestHost? host = null;
        try
        {
            host = new ConductorTestHost(server, database, options);
            if (options.Start != _defaultStart)
            {
                await host.StartClockAsync(cancellationToken).ConfigureAwait(false);
            }

            if (tasks is { Definitions.Count: > 0 })
            {
                await host.StartProcessAsync(tasks, cancellationToken).ConfigureAwait(false);
            }

            return host;
        }
        catch
        {
            await (host?.DisposeAsync().AsTask() ?? server.DropDatabaseAsync(database)).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Starts one more process, with an identity and connections of its own.</summary>
    /// <param name="tasks">What it runs; at least one task.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ConductorException">The options are faulty, or the database refuses.</exception>
    public async Task<TestProcess> StartProcessAsync(TaskCollection tasks, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tasks);
        var process = new TestProcess(ClientOptions, _calls, tasks, Faults, _options);
        lock (_gate)
        {
            _processes.Add(process);
        }

        await process.Orchestrator.StartAsync(cancellationToken).ConfigureAwait(false);
        return process;
    }

    /// <summary>The processes of the host, in the order they were started, crashed ones included.</summary>
    public IReadOnlyList<TestProcess> GetProcesses()
    {
        lock (_gate)
        {
            return [.. _processes];
        }
    }

    /// <summary>Waits until nothing is due and nothing runs, by the clock as it stands: what is retried or woken at once, and what handlers enqueue, included.</summary>
    /// <param name="timeout">How long to wait, in real time; null: 30 s.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <remarks>
    /// Batches that wait for more start with what is due. What is due later stays: move the clock, or call <see cref="RunUntilIdleAsync"/>. What is held back on purpose (a paused
    /// queue or task, a closed window, a limit's rate) does not count as due. A handler that waits for the clock is running: it is named
    /// when the time is up.
    /// </remarks>
    /// <exception cref="ConductorAssertionException">Something was still due or running when the time was up; the message lists it.</exception>
    public Task DrainAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        _work.WaitUntilDoneAsync(timeout ?? _defaultTimeout, cancellationToken);

    /// <summary>Moves the clock to when something is due next: a delayed execution, a retry, a sleep, a timeout of a wait, a schedule's tick, a window that opens for what waits, a rate's next token.</summary>
    /// <param name="cancellationToken">Gives up before the move.</param>
    /// <returns>Where the clock stands now; null, and not moved, when nothing is due later.</returns>
    public async Task<DateTimeOffset?> AdvanceToNextAsync(CancellationToken cancellationToken = default)
    {
        if (await _work.NextDueAsync(cancellationToken).ConfigureAwait(false) is not { } next)
        {
            return null;
        }

        await Clock.SetToAsync(next, cancellationToken).ConfigureAwait(false);
        return next;
    }

    /// <summary>Drains, moves the clock to what is due next, and so on until nothing is left to wait for: an hour of retries in milliseconds.</summary>
    /// <param name="horizon">How far the clock may go; what is due later stays. Null: 366 days. Give one where there are schedules, which never end.</param>
    /// <param name="timeout">How long it may take in all, in real time; null: 30 s.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ConductorAssertionException">It was not done when the time was up; the message lists what was due or running.</exception>
    public async Task RunUntilIdleAsync(TimeSpan? horizon = null, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var end = Clock.GetUtcNow() + (horizon ?? _defaultHorizon);
        var limit = timeout ?? _defaultTimeout;
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var left = limit - TimeProvider.System.GetElapsedTime(start);
            await _work.WaitUntilDoneAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
            if (await _work.NextDueAsync(cancellationToken).ConfigureAwait(false) is not { } next || next > end)
            {
                return;
            }

            if (TimeProvider.System.GetElapsedTime(start) >= limit)
            {
                throw new ConductorAssertionException(string.Create(CultureInfo.InvariantCulture, $"Not idle within {limit.TotalSeconds:0.###} s: the clock stands at {Clock.GetUtcNow():O}, the next is due {next:O}, the horizon is {end:O}. Give a nearer horizon, or more time."));
            }

            await Clock.SetToAsync(next, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends the processes and drops the database. Handlers that run get the time that the orchestrator's options give.</summary>
    /// <returns>Ends when the database is gone.</returns>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in GetProcesses())
        {
            await process.EndAsync().ConfigureAwait(false);
        }

        await Conductor.DisposeAsync().ConfigureAwait(false);
        await _source.DisposeAsync().ConfigureAwait(false);
        await _server.DropDatabaseAsync(_database).ConfigureAwait(false);
    }

    private ConductorOptions NewOptions() => new() { ConnectionString = ConnectionString };

    private Guid[] Crashed() => [.. GetProcesses().Where(process => process.HasCrashed).Select(process => process.Id)];

    private void CloseBatches()
    {
        foreach (var process in GetProcesses())
        {
            process.Orchestrator.CloseBatches();
        }
    }

    private HashSet<string> ServedTasks() =>
        [.. GetProcesses().Where(process => !process.HasCrashed).SelectMany(process => process.Tasks.Definitions).Select(task => task.Key)];

    private async Task StartClockAsync(CancellationToken cancellationToken)
    {
        var command = _source.CreateCommand(ClockSql.Start);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.Add(new NpgsqlParameter { Value = Clock.GetUtcNow().UtcDateTime });
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
