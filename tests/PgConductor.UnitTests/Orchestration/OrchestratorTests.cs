using PgConductor.Database;
using PgConductor.Orchestration;
using PgConductor.TestSupport.InMemory;
using PgConductor.UnitTests.Workers;
using Xunit;

namespace PgConductor.UnitTests.Orchestration;

/// <summary>The life of a process: start, drain, stop, in every order in which they can be called.</summary>
public sealed class OrchestratorTests : IAsyncDisposable
{
    private static readonly TaskDefinition<int, NoResult> _task = TaskDefinition.Create<int>("t");

    private readonly WorkerHarness _harness = new();
    private readonly TaskCollection _tasks = new();
    private readonly TaskCompletionSource _handlerStarted = new();

    private static CancellationToken Token => WorkerHarness.Token;

    private FaultPlan Faults => _harness.Database.Faults;

    public ValueTask DisposeAsync() => _harness.DisposeAsync();

    [Fact]
    public async Task Started_it_is_registered_and_stopped_it_is_gone()
    {
        await using var orchestrator = Make((_, _) => Task.CompletedTask);
        await orchestrator.StartAsync(Token);
        var info = Assert.Single(await _harness.Database.ListOrchestratorsAsync(Token));
        Assert.Equal(orchestrator.Id, info.Id);
        Assert.Equal(["default"], info.Queues);

        await orchestrator.StopAsync(Token);

        Assert.Empty(await _harness.Database.ListOrchestratorsAsync(Token));
        Assert.Equal("stop was called", await orchestrator.StopRequested);
    }

    [Fact]
    public async Task It_is_started_once()
    {
        await using var orchestrator = Make((_, _) => Task.CompletedTask);
        await orchestrator.StartAsync(Token);

        await Assert.ThrowsAsync<InvalidOperationException>(() => orchestrator.StartAsync(Token));
        await orchestrator.StopAsync(Token);
        await Assert.ThrowsAsync<InvalidOperationException>(() => orchestrator.StartAsync(Token));
    }

    [Fact]
    public async Task Stopped_before_it_was_started_it_asks_nothing_of_the_database_and_does_not_start()
    {
        await using var orchestrator = Make((_, _) => Task.CompletedTask);
        await orchestrator.StopAsync(Token);

        await Assert.ThrowsAsync<InvalidOperationException>(() => orchestrator.StartAsync(Token));
        Assert.Equal((0, 0), (Faults.Calls(nameof(IDatabaseClient.ShutdownAsync)), Faults.Calls(nameof(IDatabaseClient.MigrateAsync))));
    }

    [Fact]
    public async Task Stopped_while_it_starts_it_does_not_come_up()
    {
        await using var orchestrator = Make((_, _) => Task.CompletedTask);
        var register = Faults.Block(nameof(IDatabaseClient.RegisterWorkerAsync));
        var starting = orchestrator.StartAsync(Token);
        await register.Entered;

        await orchestrator.StopAsync(Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting);
        Assert.Empty(await _harness.Database.ListOrchestratorsAsync(Token));
        Assert.Equal(0, Faults.Calls(nameof(IDatabaseClient.ClaimAsync)));
    }

    [Fact]
    public async Task Stopped_many_times_at_once_it_stops_once()
    {
        await using var orchestrator = Make((_, _) => Task.CompletedTask);
        await orchestrator.StartAsync(Token);

        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Task.Run(() => orchestrator.StopAsync(Token))));
        await orchestrator.StopAsync(Token);

        Assert.Equal(1, Faults.Calls(nameof(IDatabaseClient.ShutdownAsync)));
    }

    [Fact]
    public async Task A_token_given_to_a_stop_may_end_after_everything()
    {
        using var source = new CancellationTokenSource();
        var orchestrator = Make((_, _) => Task.CompletedTask);
        await orchestrator.StartAsync(Token);
        await orchestrator.StopAsync(source.Token);
        await orchestrator.DisposeAsync();

        await source.CancelAsync();
        await orchestrator.StopAsync(source.Token);
        await orchestrator.DisposeAsync();
    }

    [Fact]
    public async Task A_start_that_fails_leaves_nothing_behind()
    {
        await using var orchestrator = Make((_, _) => Task.CompletedTask);
        Faults.FailNext(nameof(IDatabaseClient.RegisterWorkerAsync), ServerErrors.Of("42501"));

        await Assert.ThrowsAsync<ConductorException>(() => orchestrator.StartAsync(Token));
        await orchestrator.StopAsync(Token);

        Assert.Empty(await _harness.Database.ListOrchestratorsAsync(Token));
    }

    [Fact]
    public async Task Without_migrate_an_older_schema_fails_the_start()
    {
        _harness.Database.Shared.Tables.SchemaVersion = 0;
        await using var orchestrator = Make((_, _) => Task.CompletedTask, new OrchestratorOptions { Migrate = false });

        var exception = await Assert.ThrowsAsync<ConductorException>(() => orchestrator.StartAsync(Token));

        Assert.Equal(ConductorErrorCode.Schema, exception.Code);
        Assert.Contains("version 0", exception.Message, StringComparison.Ordinal);
        Assert.Equal(0, Faults.Calls(nameof(IDatabaseClient.RegisterOrchestratorAsync)));
    }

    [Fact]
    public async Task All_faults_of_the_options_are_listed_and_a_task_is_asked_for()
    {
        var exception = Assert.Throws<ConductorException>(() => new Orchestrator(_harness.Conductor, new TaskCollection(), new OrchestratorOptions { DrainTimeout = TimeSpan.FromSeconds(-1), CancelTimeout = TimeSpan.FromSeconds(-1) }));

        Assert.Equal(ConductorErrorCode.InvalidArgument, exception.Code);
        Assert.Contains("DrainTimeout", exception.Message, StringComparison.Ordinal);
        Assert.Contains("CancelTimeout", exception.Message, StringComparison.Ordinal);
        Assert.Contains("no task to run", exception.Message, StringComparison.Ordinal);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task A_graceful_stop_waits_for_handlers()
    {
        var gate = new TaskCompletionSource();
        await using var orchestrator = Make((_, _) => gate.Task);
        var id = await StartWithOneAsync(orchestrator);

        var stopping = orchestrator.StopAsync(Token);
        await _harness.UntilAsync(() => orchestrator.Status.Phase == OrchestratorPhase.Stopping, "it drains");
        Assert.False(stopping.IsCompleted);
        gate.SetResult();
        await stopping;

        Assert.Equal(ExecutionState.Completed, (await _harness.GetAsync(id)).State);
    }

    [Fact]
    public async Task At_the_drain_timeout_handlers_are_cancelled_and_handed_back()
    {
        await using var orchestrator = Make((_, context) => Task.Delay(Timeout.Infinite, context.CancellationToken), new OrchestratorOptions { DrainTimeout = TimeSpan.FromMilliseconds(50) });
        var id = await StartWithOneAsync(orchestrator);

        await orchestrator.StopAsync(Token);

        Assert.Equal((ExecutionState.Ready, 0), ((await _harness.GetAsync(id)).State, (await _harness.GetAsync(id)).Attempts));
        Assert.Empty(await _harness.Database.ListOrchestratorsAsync(Token));
    }

    [Fact]
    public async Task The_token_of_a_stop_ends_the_waiting_for_handlers()
    {
        using var now = new CancellationTokenSource();
        await using var orchestrator = Make((_, context) => Task.Delay(Timeout.Infinite, context.CancellationToken), new OrchestratorOptions { DrainTimeout = TimeSpan.FromHours(1) });
        var id = await StartWithOneAsync(orchestrator);
        var stopping = orchestrator.StopAsync(now.Token);
        Assert.False(stopping.IsCompleted);

        await now.CancelAsync();
        await stopping.WaitAsync(TimeSpan.FromSeconds(30), Token);

        Assert.Equal(ExecutionState.Ready, (await _harness.GetAsync(id)).State);
    }

    [Fact]
    public async Task What_a_handler_that_will_not_stop_does_stays_leased()
    {
        var gate = new TaskCompletionSource();
        await using var orchestrator = Make((_, _) => gate.Task, new OrchestratorOptions { DrainTimeout = TimeSpan.Zero, CancelTimeout = TimeSpan.FromMilliseconds(50) });
        var id = await StartWithOneAsync(orchestrator);

        await orchestrator.StopAsync(Token);

        Assert.Equal(ExecutionState.Running, (await _harness.GetAsync(id)).State);
        Assert.True(_harness.Log.Has(1103));
        Assert.Single(await _harness.Database.ListOrchestratorsAsync(Token));
        gate.SetResult();
    }

    [Fact]
    public async Task A_signal_in_the_database_ends_the_run()
    {
        await using var orchestrator = Make((_, _) => Task.CompletedTask);
        var running = orchestrator.RunAsync(Token);
        await _harness.UntilAsync(() => orchestrator.Status.Phase == OrchestratorPhase.Running, "it is up");

        Assert.True(await _harness.Conductor.StopOrchestratorAsync(orchestrator.Id, "deploy\0", Token));

        await running.WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.Equal("deploy\ufffd", await orchestrator.StopRequested);
        Assert.Equal(OrchestratorPhase.Stopped, orchestrator.Status.Phase);
    }

    [Fact]
    public async Task A_cancelled_run_stops_gracefully_even_while_it_starts()
    {
        using var source = new CancellationTokenSource();
        await using var orchestrator = Make((_, _) => Task.CompletedTask);
        var migrate = Faults.Block(nameof(IDatabaseClient.MigrateAsync));
        var running = orchestrator.RunAsync(source.Token);
        await migrate.Entered;

        await source.CancelAsync();

        await running.WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.Equal(0, Faults.Calls(nameof(IDatabaseClient.RegisterOrchestratorAsync)));
    }

    [Fact]
    public async Task A_running_execution_is_cancelled_at_once_through_the_hint()
    {
        var cancelled = new TaskCompletionSource();
        await using var orchestrator = Make(async (_, context) =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            }
            finally
            {
                cancelled.TrySetResult();
            }
        }, new OrchestratorOptions { Heartbeat = TimeSpan.FromMinutes(10), Takeover = TimeSpan.FromHours(1) });
        var id = await StartWithOneAsync(orchestrator);

        await _harness.Conductor.CancelAsync(id, "not needed", Token);

        // The next beat is ten minutes away.
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        await _harness.UntilAsync(id, ExecutionState.Cancelled);
    }

    [Fact]
    public async Task After_a_takeover_the_process_goes_on()
    {
        await using var orchestrator = Make((_, _) => Task.CompletedTask, new OrchestratorOptions { Heartbeat = TimeSpan.FromMinutes(10), Takeover = TimeSpan.FromHours(1) });
        await orchestrator.StartAsync(Token);
        await _harness.Database.RecoverAsync(TimeSpan.Zero, Token);

        // The claim finds out; the beat is hurried; the process registers and claims.
        var ids = await _harness.InvokeAsync(_task, 1);
        await _harness.UntilAsync(ids[0], ExecutionState.Completed);
        Assert.Equal(orchestrator.Id, Assert.Single(await _harness.Database.ListOrchestratorsAsync(Token)).Id);
    }

    [Fact]
    public async Task When_hints_may_be_lost_everything_is_looked_at()
    {
        var ran = new TaskCompletionSource();
        await using var orchestrator = Make(
            (_, _) =>
            {
                ran.TrySetResult();
                return Task.CompletedTask;
            },
            new OrchestratorOptions { Worker = WorkerHarness.Still(1) });
        await orchestrator.StartAsync(Token);
        await _harness.UntilAsync(() => Faults.Done(nameof(IDatabaseClient.ClaimAsync)) >= 2, "it is idle");

        // Another process's idle wish is not ours: no hint goes out while this one's is taken back.
        await _harness.Database.SetIdleAsync("default", false, Token);
        await _harness.InvokeAsync(_task, 1);
        Assert.False(ran.Task.IsCompleted);
        _harness.Database.Shared.ReconnectListeners();

        await ran.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    [Fact]
    public async Task Where_listening_is_not_possible_the_process_polls()
    {
        Faults.FailNext(nameof(IDatabaseClient.ListenAsync), ServerErrors.Of("42501"));
        await using var orchestrator = Make((_, _) => Task.CompletedTask);
        await orchestrator.StartAsync(Token);
        var ids = await _harness.InvokeAsync(_task, 1);

        await _harness.UntilAsync(ids[0], ExecutionState.Completed);
        Assert.True(_harness.Log.Has(1108));
    }

    private Orchestrator Make(Func<int, TaskContext, Task> handler, OrchestratorOptions? options = null)
    {
        _tasks.Add(_task, (number, context) =>
        {
            _handlerStarted.TrySetResult();
            return handler(number, context);
        });
        return new Orchestrator(_harness.Conductor, _tasks, options, loggerFactory: _harness.Log);
    }

    private async Task<Guid> StartWithOneAsync(Orchestrator orchestrator)
    {
        await orchestrator.StartAsync(Token);
        var ids = await _harness.InvokeAsync(_task, 1);

        // Not only claimed: what is claimed and has not started is handed back by a stop.
        await _handlerStarted.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        return ids[0];
    }
}
