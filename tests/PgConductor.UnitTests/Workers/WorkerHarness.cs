using PgConductor.Client;
using PgConductor.Serialization;
using PgConductor.Steps;
using PgConductor.TestSupport;
using PgConductor.TestSupport.InMemory;
using PgConductor.Workers;
using Xunit;

namespace PgConductor.UnitTests.Workers;

/// <summary>A worker of the default queue over the in-memory database, and short ways to give it work.</summary>
internal sealed class WorkerHarness : IAsyncDisposable
{
    private readonly TaskCollection _tasks = new();
    private Worker? _worker;

    public WorkerHarness(TimeProvider? clock = null)
    {
        Clock = clock ?? TimeProvider.System;
        Database = new InMemoryDatabaseClient(Clock);
        Conductor = new Conductor(new ConductorOptions { ConnectionString = "Host=unused", TimeProvider = Clock }, _ => Database);
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public TimeProvider Clock { get; }

    public InMemoryDatabaseClient Database { get; }

    public Conductor Conductor { get; }

    public CapturedLog Log { get; } = new();

    public Guid Id { get; } = Guid.CreateVersion7();

    public int Fenced { get; private set; }

    public Worker Worker => _worker ?? throw new InvalidOperationException("Not started.");

    public WorkerHarness Add<TPayload>(TaskDefinition<TPayload, NoResult> task, Func<TPayload, TaskContext, Task> handler)
    {
        _tasks.Add(task, handler);
        return this;
    }

    public WorkerHarness Add<TPayload, TResult>(TaskDefinition<TPayload, TResult> task, Func<TPayload, TaskContext, Task<TResult>> handler)
    {
        _tasks.Add(task, handler);
        return this;
    }

    public WorkerHarness AddBatch<TPayload, TResult>(TaskDefinition<TPayload, TResult> task, Func<BatchContext<TPayload, TResult>, Task> handler)
    {
        _tasks.AddBatch(task, handler);
        return this;
    }

    /// <summary>Options with which nothing happens by time: what happens, happens because of an event.</summary>
    public static WorkerOptions Still(int concurrency) => new()
    {
        Concurrency = concurrency,
        MaxPrefetch = 0,
        MinPollInterval = TimeSpan.FromMinutes(1),
        MaxPollInterval = TimeSpan.FromMinutes(1),
    };

    public WorkerServices Services(WorkerOptions options, bool listens = true) => new()
    {
        Queue = "default",
        Options = options,
        OrchestratorId = Id,
        Database = Database,
        Conductor = Conductor,
        Serializer = new PayloadSerializer(null, 1 << 20),
        Tasks = _tasks.Registrations.ToDictionary(registration => registration.Definition.Key),
        TimeProvider = Clock,
        LoggerFactory = Log,
        Listens = listens,
        OnFenced = () => Fenced++,
        Flows = new FlowServices(Database, Id, new StepWriter(Database, Id, Clock, Log.CreateLogger("steps")), new PayloadSerializer(null, 1 << 20), Clock, Log.CreateLogger("steps")),
    };

    public async Task RegisterAsync()
    {
        await Database.RegisterOrchestratorAsync(Id, "unit", "1", 1, Token);
        await Database.RegisterWorkerAsync(Id, "default", _tasks.Definitions, Token);
    }

    public async Task<Worker> StartAsync(WorkerOptions? options = null, bool listens = true)
    {
        await RegisterAsync();
        _worker = new Worker(Services(options ?? new WorkerOptions(), listens));
        _worker.Start();
        return _worker;
    }

    public async Task<IReadOnlyList<Guid>> InvokeAsync<TResult>(TaskDefinition<int, TResult> task, int count, InvokeOptions? options = null) =>
        await Conductor.InvokeManyAsync(task, Enumerable.Range(0, count), options, cancellationToken: Token);

    public async Task<ExecutionInfo> GetAsync(Guid id) => await Database.GetExecutionAsync(id, Token) ?? throw new InvalidOperationException($"{id} is not known.");

    public Task UntilAsync(Guid id, ExecutionState state) => Eventually.IsTrue(async () => (await GetAsync(id)).State == state, $"{id} is {state}", 30);

    public Task UntilAsync(Func<bool> condition, string what) => Eventually.IsTrue(condition, what, 30);

    public Task UntilAsync(Func<Task<bool>> condition, string what) => Eventually.IsTrue(condition, what, 30);

    public async Task<int> CountAsync(ExecutionState state) => (int)(await Database.CountExecutionsAsync(null, null, Token)).Where(count => count.State == state).Sum(count => count.Count);

    public async ValueTask DisposeAsync()
    {
        if (_worker is not null)
        {
            await _worker.StopClaimingAsync();
            _worker.CancelHandlers();

            // In real time: a test that failed may have left a clock that stands still, and handlers that wait for it.
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await _worker.WaitForHandlersAsync(Timeout.InfiniteTimeSpan, limit.Token);
            await _worker.StopAsync(TimeSpan.FromMilliseconds(100));
            await _worker.DisposeAsync();
        }

        await Conductor.DisposeAsync();
    }
}
