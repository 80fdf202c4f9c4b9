using PgConductor.Database;
using PgConductor.Orchestration;
using PgConductor.TestSupport.InMemory;
using PgConductor.UnitTests.Workers;
using PgConductor.Workers;
using Xunit;

namespace PgConductor.UnitTests.Orchestration;

/// <summary>The beat: its rhythm, the signals it brings, the takeovers it makes, and the way back after one.</summary>
public sealed class HeartbeatTests : IAsyncLifetime
{
    private static readonly TaskDefinition<int, NoResult> _task = TaskDefinition.Create<int>("t");

    private readonly TestClock _clock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly WorkerHarness _harness;
    private readonly List<string> _shutdowns = [];
    private readonly Worker _worker;
    private readonly OrchestratorOptions _options = new();
    private Func<Task> _register;
    private int _registrations;
    private Heartbeat? _heartbeat;
    private Task _running = Task.CompletedTask;

    public HeartbeatTests()
    {
        _harness = new WorkerHarness(_clock).Add(_task, (_, context) => Task.Delay(Timeout.Infinite, context.CancellationToken));
        _worker = new Worker(_harness.Services(WorkerHarness.Still(5)));
        _register = _harness.RegisterAsync;
    }

    private int Beats => _harness.Database.Faults.Calls(nameof(IDatabaseClient.HeartbeatAsync));

    private static CancellationToken Token => WorkerHarness.Token;

    public async ValueTask InitializeAsync() => await _harness.RegisterAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(30));
        _stop.Dispose();
        await _worker.DisposeAsync();
        await _harness.DisposeAsync();
    }

    [Fact]
    public async Task It_beats_at_once_and_then_at_every_interval()
    {
        Start();
        for (var beat = 1; beat <= 4; beat++)
        {
            await WaitsAfterAsync(beat);
            _clock.Advance(TimeSpan.FromSeconds(4.9));
            Assert.Equal(beat, Beats);
            _clock.Advance(TimeSpan.FromSeconds(0.2));
        }

        Assert.True(_heartbeat!.Silence < TimeSpan.FromSeconds(6));
        Assert.True(_heartbeat.IsRegistered);
    }

    [Fact]
    public async Task A_hurry_is_a_beat_now()
    {
        Start();
        await WaitsAfterAsync(1);
        _heartbeat!.Hurry();
        await WaitsAfterAsync(2);
    }

    [Fact]
    public async Task A_request_to_stop_is_told_once_and_acknowledged_soon()
    {
        await _harness.Database.SignalShutdownAsync(_harness.Id, "deploy", Token);
        Start();
        await WaitsAfterAsync(1);
        Assert.Equal(["deploy"], _shutdowns);

        _clock.Advance(TimeSpan.FromMilliseconds(110));
        await WaitsAfterAsync(2);

        Assert.Empty(_harness.Database.Shared.Tables.Signals);
        Assert.Equal(["deploy"], _shutdowns);
    }

    [Fact]
    public async Task A_cancellation_stops_the_handler_and_is_acknowledged()
    {
        var ids = await _harness.InvokeAsync(_task, 1);
        _worker.Start();
        await _harness.UntilAsync(() => _worker.Load.Running == 1, "it runs");
        await _harness.Database.CancelExecutionAsync(ids[0], "not needed", Token);
        Start();

        await _harness.UntilAsync(() => _worker.Load.Running == 0, "it is stopped");
        await AdvanceUntilAsync(() => _harness.Database.Shared.Tables.Signals.Count == 0);

        Assert.True(_harness.Log.Has(1107));
        await StopWorkerAsync();
        Assert.Equal("not needed", (await _harness.GetAsync(ids[0])).Reason);
    }

    [Fact]
    public async Task A_cancellation_that_comes_before_the_claims_reply_is_not_lost()
    {
        // The claim is made, its reply is on its way; the signal overtakes it.
        var ids = await _harness.InvokeAsync(_task, 1);
        var reply = _harness.Database.Faults.Block(nameof(IDatabaseClient.ClaimAsync), afterwards: true);
        _worker.Start();
        await reply.Entered;
        Assert.Equal(PgConductor.Client.CancelOutcome.Requested, await _harness.Database.CancelExecutionAsync(ids[0], "not needed", Token));
        Start();
        await WaitsAfterAsync(1, timers: 2);

        reply.Dispose();
        await _harness.UntilAsync(() => _worker.Load.Finished == 1, "it is stopped all the same");
        await StopWorkerAsync();
        await _harness.UntilAsync(ids[0], ExecutionState.Cancelled);
    }

    [Fact]
    public async Task A_cancellation_of_what_is_not_here_is_acknowledged()
    {
        var ids = await _harness.InvokeAsync(_task, 1);
        await _harness.Database.ClaimAsync(_harness.Id, "default", 1, null, Token);
        await _harness.Database.CancelExecutionAsync(ids[0], "not needed", Token);
        Start();
        await WaitsAfterAsync(1);
        Assert.Single(_harness.Database.Shared.Tables.Signals);

        _clock.Advance(TimeSpan.FromMilliseconds(110));
        await WaitsAfterAsync(2);
        Assert.Empty(_harness.Database.Shared.Tables.Signals);
    }

    [Fact]
    public async Task The_dead_are_taken_over_when_they_are_due_not_at_the_next_beat()
    {
        await _harness.Database.RegisterOrchestratorAsync(Guid.CreateVersion7(), "dead", "1", 1, Token);
        _clock.Advance(TimeSpan.FromSeconds(27));
        Start();
        await WaitsAfterAsync(1);

        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(1, Beats);
        _clock.Advance(TimeSpan.FromMilliseconds(11));
        await WaitsAfterAsync(2);

        Assert.Equal(_harness.Id, Assert.Single(await _harness.Database.ListOrchestratorsAsync(Token)).Id);
        Assert.True(_harness.Log.Has(1106));
    }

    [Fact]
    public async Task Taken_over_it_gives_up_its_work_and_registers_anew()
    {
        await _harness.InvokeAsync(_task, 2);
        _worker.Start();
        await _harness.UntilAsync(() => _worker.Load.Running == 2, "they run");
        await _harness.Database.PauseQueueAsync("default", Token);
        await _harness.Database.RecoverAsync(TimeSpan.Zero, Token);
        Start();

        await _harness.UntilAsync(() => _worker.Load.Running == 0, "the handlers are stopped");
        await WaitsAfterAsync(1, timers: 3);

        Assert.Equal((1, true), (_registrations, _heartbeat!.IsRegistered));
        Assert.True(_harness.Log.Has(1105));
        Assert.Equal(2, await _harness.CountAsync(ExecutionState.Ready));
        await StopWorkerAsync();
    }

    [Fact]
    public async Task A_registration_that_fails_half_way_is_tried_again_though_the_process_looks_alive()
    {
        await _harness.Database.RecoverAsync(TimeSpan.Zero, Token);
        _register = async () =>
        {
            await _harness.Database.RegisterOrchestratorAsync(_harness.Id, "unit", "1", 1, Token);
            if (_registrations < 3)
            {
                throw ServerErrors.Of("57P01");
            }

            await _harness.RegisterAsync();
        };
        Start();

        await AdvanceUntilAsync(() => _registrations == 3 && _heartbeat!.IsRegistered);

        Assert.Equal(["default"], Assert.Single(await _harness.Database.ListOrchestratorsAsync(Token)).Queues);
        await WaitsAfterAsync(3);
        _clock.Advance(TimeSpan.FromSeconds(5.1));
        await WaitsAfterAsync(4);
        Assert.Equal(3, _registrations);
    }

    [Fact]
    public async Task Left_behind_by_a_breaking_migration_it_asks_to_be_stopped_once_and_does_not_try_again()
    {
        await _harness.Database.RecoverAsync(TimeSpan.Zero, Token);
        _register = () => throw new ConductorException(ConductorErrorCode.Schema, "version 9 broke with it");
        Start();
        await WaitsAfterAsync(1);
        _clock.Advance(TimeSpan.FromSeconds(5.1));
        await WaitsAfterAsync(2);

        Assert.Equal((1, false), (_registrations, _heartbeat!.IsRegistered));
        Assert.Equal(["version 9 broke with it"], _shutdowns);
        Assert.Single(_harness.Log.Entries, entry => entry.Id == 1113);
    }

    [Fact]
    public async Task Functions_that_are_not_what_it_knows_are_borne_for_the_takeover_time()
    {
        Start();
        await WaitsAfterAsync(1);
        _harness.Database.Faults.FailNext(nameof(IDatabaseClient.HeartbeatAsync), new ConductorException(ConductorErrorCode.Schema, "there is no such function"), times: 10_000);

        await AdvanceUntilAsync(() => _shutdowns.Count > 0);

        Assert.True(_heartbeat!.Silence >= _options.Takeover, $"{_heartbeat.Silence}");
        Assert.Equal(["there is no such function"], _shutdowns);
    }

    [Fact]
    public async Task Told_by_a_claim_that_it_is_not_registered_it_registers_until_that_has_worked()
    {
        Start();
        await WaitsAfterAsync(1);
        _register = () => _registrations == 1 ? throw ServerErrors.Of("57P01") : _harness.RegisterAsync();

        _heartbeat!.Fence();

        await AdvanceUntilAsync(() => _registrations == 2);
    }

    [Fact]
    public async Task On_its_way_out_it_does_not_register_anew()
    {
        Start(draining: true);
        await WaitsAfterAsync(1);
        Assert.True(Assert.Single(await _harness.Database.ListOrchestratorsAsync(Token)).Draining);
        await _harness.Database.RecoverAsync(TimeSpan.Zero, Token);

        _clock.Advance(TimeSpan.FromSeconds(5.1));
        await WaitsAfterAsync(2);

        Assert.Equal(0, _registrations);
        Assert.False(_heartbeat!.IsRegistered);
    }

    [Fact]
    public async Task A_beat_that_fails_is_made_again_soon_and_keeps_its_acknowledgements()
    {
        await _harness.Database.SignalShutdownAsync(_harness.Id, "deploy", Token);
        Start();
        await WaitsAfterAsync(1);
        _harness.Database.Faults.FailNext(nameof(IDatabaseClient.HeartbeatAsync), ServerErrors.Of("08006"), times: 2);
        _clock.Advance(TimeSpan.FromMilliseconds(110));
        await WaitsAfterAsync(2);

        // Twenty and forty milliseconds at most, not five seconds.
        _clock.Advance(TimeSpan.FromMilliseconds(21));
        await WaitsAfterAsync(3);
        _clock.Advance(TimeSpan.FromMilliseconds(41));
        await WaitsAfterAsync(4);

        Assert.Empty(_harness.Database.Shared.Tables.Signals);
        Assert.Equal((2, 1), (_harness.Log.Entries.Count(entry => entry.Id == 1104), _shutdowns.Count));
    }

    [Fact]
    public async Task A_claim_whose_reply_was_lost_is_put_back_by_a_later_beat()
    {
        var ids = await _harness.InvokeAsync(_task, 1);
        await _harness.Database.ClaimAsync(_harness.Id, "default", 1, null, Token);
        Start();
        await WaitsAfterAsync(1);
        Assert.Equal(ExecutionState.Running, (await _harness.GetAsync(ids[0])).State);

        await _harness.UntilAsync(
            async () =>
            {
                _clock.Advance(TimeSpan.FromMilliseconds(500));
                return (await _harness.GetAsync(ids[0])).State == ExecutionState.Ready;
            },
            "it is put back");
        Assert.True(_clock.GetUtcNow() > _start + TimeSpan.FromMinutes(1));
        Assert.Equal(0, (await _harness.GetAsync(ids[0])).Attempts);
    }

    private readonly DateTimeOffset _start = new TestClock().GetUtcNow();

    private void Start(bool draining = false)
    {
        _heartbeat = new Heartbeat(_harness.Id, _options, _harness.Database, [_worker], TimeSpan.FromMinutes(1), _clock, _harness.Log.CreateLogger("heartbeat"))
        {
            OnShutdown = _shutdowns.Add,
            RegisterAsync = _ =>
            {
                _registrations++;
                return _register();
            },
            Draining = draining,
        };
        _running = _heartbeat.RunAsync(_stop.Token);
    }

    /// <summary>So many beats were made, and the loop waits for its next: its timer is one, those of a started worker are more.</summary>
    private Task WaitsAfterAsync(int beats, int timers = 1) => _harness.UntilAsync(() => Beats == beats && _clock.ActiveTimers == timers, $"it waits after beat {beats}");

    private Task AdvanceUntilAsync(Func<bool> condition) => _harness.UntilAsync(
        () =>
        {
            _clock.Advance(TimeSpan.FromMilliseconds(500));
            return condition();
        },
        "it comes to pass");

    private async Task StopWorkerAsync()
    {
        await _worker.StopClaimingAsync();
        await _worker.WaitForHandlersAsync(TimeSpan.Zero, Token);
        await _worker.StopAsync(TimeSpan.FromSeconds(30));
    }
}
