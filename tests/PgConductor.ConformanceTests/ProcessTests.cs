using System.Collections.Concurrent;
using PgConductor.Database;
using PgConductor.Schema;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.ConformanceTests;

/// <summary>The life of a process: registration, beats, signals, takeover, its end.</summary>
public abstract class ProcessTests(Backend backend) : ConformanceTest(backend)
{
    private static readonly TimeSpan _takeover = TimeSpan.FromSeconds(30);

    private readonly Guid _other = Guid.CreateVersion7();

    [Fact]
    public async Task The_schema_is_there()
    {
        Assert.Equal(MigrationStore.Embedded.LatestVersion, await Client.MigrateAsync(Token));
        Assert.Equal(MigrationStore.Embedded.LatestVersion, await Client.GetSchemaVersionAsync(Token));
        Assert.Equal(MigrationStore.Embedded.LatestVersion, (await BeatAsync(Me)).SchemaVersion);
        Assert.Empty(await Client.GetHeldHorizonAsync(TimeSpan.FromHours(1), Token));
        Assert.True(Client.SupportsSessions);
        var info = await Client.GetDatabaseInfoAsync(Token);
        Assert.Equal((MigrationStore.Embedded.LatestVersion, MigrationStore.Embedded.LatestVersion, true), (info.SchemaVersion, info.LibrarySchemaVersion, info.IsUpToDate));
        Assert.True(info.ServerVersion.Major >= 15);
        var settings = await Client.GetServerSettingsAsync(Token);
        Assert.True(int.Parse(settings["connections_in_use"], System.Globalization.CultureInfo.InvariantCulture) > 0);
        Assert.Contains("max_connections", settings.Keys);
    }

    [Fact]
    public async Task A_process_is_listed_with_what_it_serves_and_holds()
    {
        await Client.RegisterWorkerAsync(Me, "a queue", [Plain], Token);
        await Client.InvokeManyAsync([Make(Plain), Make(Plain)], DedupePolicy.ReturnExisting, null, Token);
        var lease = (await ClaimAsync()).LeaseId!.Value;
        await ReturnAsync(new Outcome(lease, 1, OutcomeKind.Completed));
        await Subject.AdvanceAsync(TimeSpan.FromSeconds(7));

        var info = Assert.Single(await Client.ListOrchestratorsAsync(Token));

        Assert.Equal((Me, $"name of {Me}", "1.2.3", 1, Subject.Start), (info.Id, info.Name, info.Version, info.SchemaVersion, info.StartedAt));
        Assert.Equal((TimeSpan.FromSeconds(7), false, 1L, 1L), (info.Silent, info.Draining, info.Leases, info.Running));
        Assert.Equal(["a queue", "default"], info.Queues);
    }

    [Fact]
    public async Task A_beat_ends_the_silence_and_registering_again_ends_the_draining()
    {
        await Subject.AdvanceAsync(TimeSpan.FromSeconds(7));
        Assert.True((await BeatAsync(Me, draining: true)).Alive);
        var info = Assert.Single(await Client.ListOrchestratorsAsync(Token));
        Assert.Equal((TimeSpan.Zero, true), (info.Silent, info.Draining));

        await Client.RegisterOrchestratorAsync(Me, "renamed", "9", 9, Token);
        Assert.False(Assert.Single(await Client.ListOrchestratorsAsync(Token)).Draining);
    }

    [Fact]
    public async Task Who_is_not_registered_is_not_alive_and_cannot_register_workers()
    {
        Assert.False((await BeatAsync(_other)).Alive);
        await FailsAsync(ConductorErrorCode.NotRegistered, () => Client.RegisterWorkerAsync(_other, "default", [Plain], Token));
    }

    [Fact]
    public async Task Registering_a_task_writes_what_it_sets_and_keeps_the_rest()
    {
        await Client.CreateQueueAsync("q", false, Token);
        await Client.RegisterWorkerAsync(Me, "default", [TaskDefinition.Create<int>("t", new TaskOptions { Queue = "q", MaxAttempts = 9, KeepFailed = Retention.Forever })], Token);
        await Client.RegisterWorkerAsync(Me, "default", [TaskDefinition.Create<int>("t", new TaskOptions { KeepCompleted = Retention.None })], Token);

        var info = Assert.Single(await Client.ListTasksAsync(Token), task => task.Key == "t");
        Assert.Equal(("default", 9, Retention.None, Retention.Forever, 1L), (info.Queue, info.MaxAttempts, info.KeepCompleted, info.KeepFailed, info.Workers));
        Assert.Equal(0, Assert.Single(await Client.ListTasksAsync(Token), task => task.Key == "kept").Workers);
    }

    [Fact]
    public async Task A_task_of_a_queue_that_is_not_there_registers_nothing()
    {
        await FailsAsync(ConductorErrorCode.UnknownQueue, () => Client.RegisterWorkerAsync(Me, "new queue", [TaskDefinition.Create<int>("a"), TaskDefinition.Create<int>("b", new TaskOptions { Queue = "nowhere" })], Token));

        Assert.DoesNotContain(await Client.ListTasksAsync(Token), task => task.Key is "a" or "b");
        Assert.DoesNotContain(await Client.ListQueuesAsync(Token), queue => queue.Name == "new queue");
    }

    [Fact]
    public async Task A_running_execution_is_cancelled_by_a_signal_that_stays_until_acknowledged()
    {
        var id = await InvokeAsync(Kept);
        await ClaimAsync();
        await RegisterAsync(_other, Plain);

        Assert.Equal(PgConductor.Client.CancelOutcome.Requested, await Client.CancelExecutionAsync(id, "why", Token));
        await Client.CancelExecutionAsync(id, "once more", Token);

        var signal = Assert.Single((await BeatAsync(Me)).Signals);
        Assert.Equal((SignalKind.Cancel, id, "why"), (signal.Kind, signal.ExecutionId!.Value, signal.Reason));
        Assert.Equal(signal, Assert.Single((await BeatAsync(Me)).Signals));
        Assert.Empty((await BeatAsync(_other, acknowledged: [signal.Id])).Signals);
        Assert.Equal(signal, Assert.Single((await BeatAsync(Me)).Signals));
        Assert.Empty((await BeatAsync(Me, acknowledged: [signal.Id])).Signals);
    }

    [Fact]
    public async Task A_process_is_asked_to_stop_by_a_signal()
    {
        Assert.True(await Client.SignalShutdownAsync(Me, "deploy", Token));
        Assert.False(await Client.SignalShutdownAsync(_other, "deploy", Token));

        var signal = Assert.Single((await BeatAsync(Me)).Signals);
        Assert.Equal((SignalKind.Shutdown, null, "deploy"), (signal.Kind, signal.ExecutionId, signal.Reason));
    }

    [Fact]
    public async Task The_silent_are_taken_over_at_the_takeover_time_and_not_before()
    {
        await RegisterAsync(_other, Plain, Kept);
        await Client.InvokeManyAsync([Make(Kept), Make(Kept), Make(Kept, maxAttempts: 1)], DedupePolicy.ReturnExisting, null, Token);
        var claim = await ClaimAsync(who: _other);
        await Client.ReturnAsync(_other, new OutcomeBatch([], [new Outcome(claim.LeaseId!.Value, 1, OutcomeKind.Completed)]), Token);

        await Subject.AdvanceAsync(TimeSpan.FromSeconds(29));
        var before = await BeatAsync(Me);
        Assert.Equal((default, TimeSpan.FromSeconds(1)), (before.Recovery, before.NextTakeoverIn));

        await Subject.AdvanceAsync(TimeSpan.FromSeconds(1));
        var after = await BeatAsync(Me);
        Assert.Equal((new RecoveryReport(1, 1, 1), null), (after.Recovery, after.NextTakeoverIn));

        var rescued = await GetAsync(claim.Executions[1].Id);
        Assert.Equal((ExecutionState.Ready, 1), (rescued.State, rescued.Attempts));
        Assert.Contains("stopped answering", rescued.Reason, StringComparison.Ordinal);
        Assert.Equal(ExecutionState.Failed, (await GetAsync(claim.Executions[2].Id)).State);
        Assert.Equal(2, Assert.Single((await ClaimAsync()).Executions).Attempt);

        Assert.Equal(Effect.Rejected, Assert.Single(await Client.ReturnAsync(_other, new OutcomeBatch([], [new Outcome(claim.LeaseId.Value, 2, OutcomeKind.Completed)]), Token)).Effect);
        Assert.False((await BeatAsync(_other)).Alive);
        await FailsAsync(ConductorErrorCode.NotRegistered, () => ClaimAsync(who: _other));
        Assert.Equal(default, await Client.RecoverAsync(_takeover, Token));
    }

    [Fact]
    public async Task A_cancellation_asked_for_survives_the_takeover_as_the_outcome()
    {
        await RegisterAsync(_other, Kept);
        var id = await InvokeAsync(Kept);
        await ClaimAsync(who: _other);
        await Client.CancelExecutionAsync(id, "why", Token);
        await Subject.AdvanceAsync(_takeover);
        await BeatAsync(Me);

        Assert.Equal((ExecutionState.Cancelled, "why"), ((await GetAsync(id)).State, (await GetAsync(id)).Reason));
    }

    [Fact]
    public async Task Recovery_takes_everybody_who_is_silent_and_the_caller_too()
    {
        await RegisterAsync(_other, Plain);
        await Subject.AdvanceAsync(_takeover);

        Assert.Equal(new RecoveryReport(2, 0, 0), await Client.RecoverAsync(_takeover, Token));
        Assert.Empty(await Client.ListOrchestratorsAsync(Token));
        Assert.False((await BeatAsync(Me)).Alive);
    }

    [Fact]
    public async Task At_most_four_of_the_dead_a_call_and_the_rest_are_due_at_once()
    {
        for (var n = 0; n < 5; n++)
        {
            await RegisterAsync(Guid.CreateVersion7(), Plain);
        }

        await Subject.AdvanceAsync(_takeover);
        var first = await BeatAsync(Me);
        Assert.Equal((4, TimeSpan.Zero), (first.Recovery.Orchestrators, first.NextTakeoverIn));
        var second = await BeatAsync(Me);
        Assert.Equal((1, null), (second.Recovery.Orchestrators, second.NextTakeoverIn));
    }

    [Fact]
    public async Task A_lease_its_owner_does_not_know_is_put_back_without_counting_the_attempt()
    {
        var id = await InvokeAsync(Kept);
        var lease = (await ClaimAsync()).LeaseId!.Value;
        await Subject.AdvanceAsync(TimeSpan.FromSeconds(20));
        await BeatAsync(Me, known: []);
        Assert.Equal(ExecutionState.Running, (await GetAsync(id)).State);

        await Subject.AdvanceAsync(TimeSpan.FromSeconds(40));
        await BeatAsync(Me, known: [lease]);
        Assert.Equal(ExecutionState.Running, (await GetAsync(id)).State);

        await BeatAsync(Me, known: []);
        Assert.Equal((ExecutionState.Ready, 0), ((await GetAsync(id)).State, (await GetAsync(id)).Attempts));
    }

    [Fact]
    public async Task Who_leaves_with_nothing_in_hand_is_gone()
    {
        Assert.Equal(0, await Client.ShutdownAsync(Me, Token));
        Assert.Empty(await Client.ListOrchestratorsAsync(Token));
        Assert.Equal(0, await Client.ShutdownAsync(_other, Token));
    }

    [Fact]
    public async Task Who_leaves_with_work_in_hand_is_taken_over_in_time()
    {
        var id = await InvokeAsync(Kept);
        await ClaimAsync();

        Assert.Equal(1, await Client.ShutdownAsync(Me, Token));
        await FailsAsync(ConductorErrorCode.NotRegistered, () => ClaimAsync());
        Assert.Equal(ExecutionState.Running, (await GetAsync(id)).State);

        await Subject.AdvanceAsync(_takeover);
        Assert.Equal(new RecoveryReport(1, 1, 0), await Client.RecoverAsync(_takeover, Token));
        Assert.Equal((ExecutionState.Ready, 1), ((await GetAsync(id)).State, (await GetAsync(id)).Attempts));
    }

    [Fact]
    public async Task Only_who_said_idle_is_told_of_work_and_everybody_of_signals()
    {
        var hints = new ConcurrentQueue<string?>();
        await using var listener = await Client.ListenAsync(Me, ["default"], hints.Enqueue, Token);

        await InvokeAsync(Plain);
        await Client.SignalShutdownAsync(Me, "barrier", Token);
        await Eventually.IsTrue(() => hints.Contains("signal"), "the signal's hint");
        Assert.DoesNotContain("default", hints);

        Assert.True(await Client.SetIdleAsync("default", true, Token));
        await InvokeAsync(Make(Plain, runAt: Subject.Now + TimeSpan.FromHours(1)));
        await Client.SignalShutdownAsync(Me, "barrier", Token);
        await Eventually.IsTrue(() => hints.Count(hint => hint == "signal") == 2, "the second barrier");
        Assert.DoesNotContain("default", hints);

        await InvokeAsync(Plain);
        await Eventually.IsTrue(() => hints.Contains("default"), "the queue's hint");

        Assert.True(await Client.SetIdleAsync("default", false, Token));
        hints.Clear();
        await InvokeAsync(Plain);
        await Client.SignalShutdownAsync(Me, "barrier", Token);
        await Eventually.IsTrue(() => hints.Contains("signal"), "the third barrier");
        Assert.DoesNotContain("default", hints);
    }

    [Fact]
    public async Task Work_that_is_put_back_or_let_go_on_is_announced()
    {
        var hints = new ConcurrentQueue<string?>();
        await using var listener = await Client.ListenAsync(Me, ["default"], hints.Enqueue, Token);
        await InvokeAsync(Plain);
        var claim = await ClaimAsync();
        await Client.SetIdleAsync("default", true, Token);

        await ReturnAsync(new Outcome(claim.LeaseId!.Value, 1, OutcomeKind.Released));
        await Eventually.IsTrue(() => hints.Contains("default"), "the hint of what was handed back");

        hints.Clear();
        await Client.PauseQueueAsync("default", Token);
        await Client.ResumeQueueAsync("default", Token);
        await Eventually.IsTrue(() => hints.Contains("default"), "the hint of the queue that goes on");
    }

    private Task<HeartbeatReply> BeatAsync(Guid id, bool draining = false, long[]? acknowledged = null, long[]? known = null) =>
        Client.HeartbeatAsync(new HeartbeatRequest(id, _takeover, acknowledged ?? [], draining, known ?? [], TimeSpan.FromMinutes(1)), Token);
}

/// <summary>Process against the server.</summary>
public sealed class ProcessOnPostgreSql() : ProcessTests(Backend.PostgreSql);

/// <summary>Process against the double.</summary>
public sealed class ProcessInMemory() : ProcessTests(Backend.InMemory);
