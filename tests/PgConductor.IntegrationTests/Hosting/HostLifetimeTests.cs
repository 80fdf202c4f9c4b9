using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using PgConductor.Client;
using PgConductor.Orchestration;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Hosting;

public sealed class HostLifetimeTests
{
    private static readonly TaskDefinition<int, string> _task = TaskDefinition.Create<int, string>("some-task");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Faulty_settings_stop_the_start_with_one_message_before_any_service_starts()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        var other = new OtherService();
        using var host = TestHost.Create(
            database,
            builder => builder
                .ConfigureOrchestrator(options => options with { Heartbeat = TimeSpan.FromSeconds(20) })
                .ConfigureWorker("mail", worker => worker with { Concurrency = 0 }),
            services => services.AddSingleton<IHostedService>(other));

        var exception = await Assert.ThrowsAsync<ConductorException>(() => host.StartAsync(Token));

        Assert.Equal(ConductorErrorCode.InvalidArgument, exception.Code);
        Assert.Contains("Heartbeat 00:00:20 must be at most a third of Takeover", exception.Message, StringComparison.Ordinal);
        Assert.Contains("queue \"mail\": Concurrency 0 must be 1 to 10000", exception.Message, StringComparison.Ordinal);
        Assert.Contains("there is no task to run", exception.Message, StringComparison.Ordinal);
        Assert.False(other.Started);
        Assert.False(await database.ScalarAsync<bool>("select to_regclass('pgconductor.executions') is not null"));
    }

    [Fact]
    public async Task A_running_handler_is_waited_for_when_the_host_stops()
    {
        await using var database = await TestDatabase.CreateAsync();
        var started = new TaskCompletionSource();
        var finish = new TaskCompletionSource();
        using var host = await TestHost.StartAsync(database, builder => builder.AddTask(_task, async (_, _) =>
        {
            started.SetResult();
            await finish.Task;
            return "finished";
        }));
        var handle = await host.Services.GetRequiredService<IConductor>().InvokeAsync(_task, 1, cancellationToken: Token);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);

        var stopping = host.StopAsync(Token);
        var orchestrator = host.Services.GetRequiredService<Orchestrator>();
        await Eventually.IsTrue(() => orchestrator.Status.Phase == OrchestratorPhase.Stopping, "the orchestrator is stopping");
        Assert.False(stopping.IsCompleted);
        finish.SetResult();
        await stopping;

        Assert.Equal("finished", await handle.WaitAsync(TimeSpan.FromSeconds(60), Token));
    }

    [Fact]
    public async Task The_end_of_the_shutdown_timeout_cancels_handlers_and_hands_their_executions_back()
    {
        await using var database = await TestDatabase.CreateAsync();
        var started = new TaskCompletionSource();
        var lines = new List<string>();
        using var host = await TestHost.StartAsync(
            database,
            builder => builder
                .ConfigureOrchestrator(options => options with { DrainTimeout = TimeSpan.FromMinutes(10) })
                .AddTask(_task, async (_, context) =>
                {
                    started.SetResult();
                    await Task.Delay(Timeout.Infinite, context.CancellationToken);
                    return "never";
                }),
            services =>
            {
                services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(300));
                services.Log(lines);
            });
        var handle = await host.Services.GetRequiredService<IConductor>().InvokeAsync(_task, 1, cancellationToken: Token);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);

        var clock = Stopwatch.StartNew();
        await host.StopAsync(Token);

        Assert.InRange(clock.Elapsed, TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(60));
        Assert.Contains(lines, line => line.Contains("ShutdownTimeout is over", StringComparison.Ordinal));
        await using var conductor = database.NewConductor();
        var info = await conductor.GetAsync(handle.Id, Token);
        Assert.Equal((ExecutionState.Ready, 0), (info!.State, info.Attempts));
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pgconductor.orchestrators"));
    }

    [Fact]
    public async Task A_stop_asked_for_in_the_database_stops_the_host()
    {
        await using var database = await TestDatabase.CreateAsync();
        var lines = new List<string>();
        using var host = await TestHost.StartAsync(
            database,
            builder => builder.AddTask(_task, (_, _) => Task.FromResult("")),
            services => services.Log(lines));
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        var id = host.Services.GetRequiredService<Orchestrator>().Id;
        await using var elsewhere = database.NewConductor();

        Assert.True(await elsewhere.StopOrchestratorAsync(id, "maintenance tonight", Token));

        await host.WaitForShutdownAsync(Token).WaitAsync(TimeSpan.FromSeconds(60), Token);
        Assert.True(lifetime.ApplicationStopped.IsCancellationRequested);
        Assert.Contains(lines, line => line.Contains($"{id} was asked to stop (maintenance tonight)", StringComparison.Ordinal));
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pgconductor.orchestrators"));
    }

    [Fact]
    public async Task A_callers_token_that_outlives_the_orchestrator_can_still_be_cancelled()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        using var token = new CancellationTokenSource();
        await using (var orchestrator = new Orchestrator(conductor, new TaskCollection().Add(_task, (_, _) => Task.FromResult(""))))
        {
            await orchestrator.StartAsync(Token);
            await orchestrator.StopAsync(token.Token);
        }

        await token.CancelAsync();
    }

    [Fact]
    public async Task A_start_that_fails_stops_at_once()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        using var host = TestHost.Create(database, builder => builder
            .ConfigureOrchestrator(options => options with { Migrate = false })
            .AddTask(_task, (_, _) => Task.FromResult("")));

        var exception = await Assert.ThrowsAsync<ConductorException>(() => host.StartAsync(Token));

        Assert.Equal(ConductorErrorCode.Schema, exception.Code);
        var orchestrator = host.Services.GetRequiredService<Orchestrator>();
        await orchestrator.StopAsync(Token);
        Assert.Equal(OrchestratorPhase.Stopped, orchestrator.Status.Phase);
    }

    private sealed class OtherService : IHostedService
    {
        public bool Started { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            Started = true;
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
