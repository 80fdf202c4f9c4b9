using Microsoft.Extensions.Logging;
using PgConductor.Client;
using PgConductor.Database;
using PgConductor.Orchestration;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Support;

/// <summary>A database, a client of it, and the orchestrators a test starts; they end in the right order.</summary>
internal sealed class TestEngine : IAsyncDisposable
{
    private readonly List<Orchestrator> _orchestrators = [];
    private readonly List<Conductor> _others = [];

    private TestEngine(TestDatabase database, Conductor conductor)
    {
        Database = database;
        Conductor = conductor;
    }

    public TestDatabase Database { get; }

    public Conductor Conductor { get; }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<TestEngine> CreateAsync(Func<ConductorOptions, ConductorOptions>? change = null)
    {
        var database = await TestDatabase.CreateAsync();
        return new TestEngine(database, database.NewConductor(change));
    }

    /// <summary>A client whose calls of the database can be interfered with.</summary>
    public static async Task<TestEngine> CreateFaultyAsync(Func<IDatabaseClient, IDatabaseClient> wrap, Func<ConductorOptions, ConductorOptions>? change = null)
    {
        var database = await TestDatabase.CreateAsync();
        var options = new ConductorOptions { ConnectionString = database.ConnectionString };
        return new TestEngine(database, new Conductor(change is null ? options : change(options), settings => wrap(new global::PgConductor.Database.DatabaseClient(settings))));
    }

    /// <summary>One more client, with its own connections: as another process has.</summary>
    public Conductor NewConductor(Func<ConductorOptions, ConductorOptions>? change = null)
    {
        var conductor = Database.NewConductor(change);
        _others.Add(conductor);
        return conductor;
    }

    public Orchestrator New(TaskCollection tasks, Func<OrchestratorOptions, OrchestratorOptions>? change = null, Conductor? conductor = null, IServiceProvider? services = null, ILoggerFactory? loggers = null)
    {
        var options = new OrchestratorOptions { DrainTimeout = TimeSpan.FromSeconds(5), CancelTimeout = TimeSpan.FromSeconds(2) };
        var orchestrator = new Orchestrator(conductor ?? Conductor, tasks, change is null ? options : change(options), services, loggers);
        _orchestrators.Add(orchestrator);
        return orchestrator;
    }

    public async Task<Orchestrator> StartAsync(TaskCollection tasks, Func<OrchestratorOptions, OrchestratorOptions>? change = null, Conductor? conductor = null, IServiceProvider? services = null, ILoggerFactory? loggers = null)
    {
        var orchestrator = New(tasks, change, conductor, services, loggers);
        await orchestrator.StartAsync(Token);
        return orchestrator;
    }

    public Task<long> CountAsync(string table, string where = "true") => Database.ScalarAsync<long>($"select count(*) from pgconductor.{table} where {where}")!;

    /// <summary>Waits until an execution has a state.</summary>
    public Task IsAsync(Guid id, ExecutionState state, int seconds = 60) =>
        Eventually.IsTrue(async () => (await Conductor.GetAsync(id, Token))?.State == state, $"execution {id} is {state}", seconds);

    /// <summary>Waits until nothing waits and nothing runs.</summary>
    public Task IsDoneAsync(int seconds = 90) =>
        Eventually.IsTrue(
            async () => await Database.ScalarAsync<long>("select (select count(*) from pgconductor.executions) + (select count(*) from pgconductor.leases)") == 0,
            "everything is done",
            seconds);

    public async ValueTask DisposeAsync()
    {
        foreach (var orchestrator in _orchestrators)
        {
            await orchestrator.DisposeAsync();
        }

        foreach (var conductor in _others)
        {
            await conductor.DisposeAsync();
        }

        await Conductor.DisposeAsync();
        await Database.DisposeAsync();
    }
}
