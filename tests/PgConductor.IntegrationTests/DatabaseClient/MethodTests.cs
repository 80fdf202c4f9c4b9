using PgConductor.Client;
using PgConductor.Database;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.DatabaseClient;

/// <summary>Every method of the client against a real server: one round through each, with what it returns.</summary>
public sealed class MethodTests
{
    private static readonly byte[] _one = "1"u8.ToArray();
    private static readonly TaskDefinition<int, string> _job = TaskDefinition.Create<int, string>("job", new TaskOptions
    {
        Queue = "work",
        MaxAttempts = 7,
        Backoff = [TimeSpan.FromSeconds(3)],
        BackoffJitter = 0,
        KeepCompleted = Retention.For(TimeSpan.FromHours(2)),
        KeepFailed = Retention.Forever,
    });

    private static CancellationToken Token => TestEngine.Token;

    [Fact]
    public async Task Schema_queues_and_tasks()
    {
        await using var engine = await TestEngine.CreateAsync();
        var database = engine.Conductor.Database;
        Assert.True(database.SupportsSessions);
        Assert.Equal(await database.MigrateAsync(Token), await database.GetSchemaVersionAsync(Token));
        var maintained = await database.MaintainAsync(Token);
        Assert.Equal((0, 0L, 0), (maintained.Dropped, maintained.Deleted, maintained.Skipped));

        Assert.True(await database.CreateQueueAsync("work", true, Token));
        Assert.False(await database.CreateQueueAsync("work", true, Token));
        await database.PauseQueueAsync("work", Token);
        var queue = (await database.ListQueuesAsync(Token)).Single(known => known.Name == "work");
        Assert.Equal((true, true, 0L, 0L, 0L, 0L), (queue.Paused, queue.Partitioned, queue.Ready, queue.Scheduled, queue.Running, queue.Workers));
        await database.ResumeQueueAsync("work", Token);
        Assert.False((await database.ListQueuesAsync(Token)).Single(known => known.Name == "work").Paused);

        var id = Guid.CreateVersion7();
        await database.RegisterOrchestratorAsync(id, "name", "1.2.3", 1, Token);
        await database.RegisterWorkerAsync(id, "work", [_job], Token);
        var task = Assert.Single(await database.ListTasksAsync(Token));
        Assert.Equal(("job", "work", 7, 1L), (task.Key, task.Queue, task.MaxAttempts, task.Workers));
        Assert.Equal((Retention.For(TimeSpan.FromHours(2)), Retention.Forever), (task.KeepCompleted, task.KeepFailed));
        await database.ShutdownAsync(id, Token);
        Assert.True(await database.DropQueueAsync("work", false, Token));
        Assert.False(await database.DropQueueAsync("work", false, Token));
    }

    [Fact]
    public async Task Executions_from_invoke_to_outcome()
    {
        await using var engine = await TestEngine.CreateAsync();
        var database = engine.Conductor.Database;
        var owner = await RegisterAsync(database);
        var single = new Invocation(Guid.CreateVersion7(), "job", _one, null, null, 5, 3, null, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        Assert.Equal(new InvokeOutcome(single.Id, InvokeDisposition.Created), await database.InvokeAsync(single, DedupePolicy.ReturnExisting, null, Token));

        // Lists go by id, and ids of one millisecond have no order: these are of four.
        var later = DateTimeOffset.UtcNow;
        var many = Enumerable.Range(1, 4).Select(i => new Invocation(Guid.CreateVersion7(later.AddMilliseconds(i)), "job", _one, "work", null, 0, null, null, null)).ToArray();
        Assert.All(await database.InvokeManyAsync(many, DedupePolicy.ReturnExisting, null, Token), outcome => Assert.Equal(InvokeDisposition.Created, outcome.Disposition));
        Assert.Empty(await database.InvokeManyAsync([], DedupePolicy.ReturnExisting, null, Token));
        Assert.Equal(5, Assert.Single(await database.CountExecutionsAsync("work", "job", Token)).Count);

        var claim = await database.ClaimAsync(owner, "work", 100, null, Token);
        Assert.Equal(5, claim.Executions.Count);
        Assert.NotNull(claim.NextPosition);
        var first = claim.Executions[0];
        Assert.Equal((1, single.Id, "job", 1, single.TraceParent), (first.Position, first.Id, first.TaskKey, first.Attempt, first.TraceParent));
        Assert.Equal(_one, first.Payload);
        Assert.Equal(many.Select(invocation => invocation.Id), claim.Executions.Skip(1).Select(execution => execution.Id));
        var empty = await database.ClaimAsync(owner, "work", 100, claim.NextPosition, Token);
        Assert.Null(empty.LeaseId);
        Assert.Equal(ExecutionState.Running, (await database.GetExecutionAsync(single.Id, Token))!.State);
        Assert.Equal(owner, (await database.GetExecutionAsync(single.Id, Token))!.OrchestratorId);

        var lease = claim.LeaseId!.Value;
        Assert.Equal(CancelOutcome.Requested, await database.CancelExecutionAsync(many[3].Id, "not this one", Token));
        var error = "{\"message\":\"no\"}"u8.ToArray();
        var settled = await database.ReturnAsync(owner, new OutcomeBatch([], [
            new Outcome(lease, 1, OutcomeKind.Completed, Result: "\"done\""u8.ToArray()),
            new Outcome(lease, 2, OutcomeKind.Failed, Error: error, Delay: TimeSpan.FromHours(1)),
            new Outcome(lease, 3, OutcomeKind.Dead, Error: error),
            new Outcome(lease, 4, OutcomeKind.Released),
            new Outcome(lease, 5, OutcomeKind.Failed, Error: error),
            new Outcome(lease, 1, OutcomeKind.Completed),
            new Outcome(lease + 1000, 1, OutcomeKind.Completed),
        ]), Token);
        Effect EffectOf(int position) => settled.First(one => one.LeaseId == lease && one.Position == position).Effect;
        Assert.Equal([Effect.Completed, Effect.Retried, Effect.Failed, Effect.Released, Effect.Cancelled], Enumerable.Range(1, 5).Select(EffectOf));
        Assert.Equal(2, settled.Count(one => one.Effect == Effect.Rejected));
        Assert.Equal("done", (await database.GetExecutionAsync(single.Id, Token))!.Result!.Value.GetString());
        Assert.Equal("not this one", (await database.GetExecutionAsync(many[3].Id, Token))!.Reason);

        Assert.Equal(CancelOutcome.Finished, await database.CancelExecutionAsync(single.Id, "late", Token));
        await database.RetryExecutionAsync(many[1].Id, Token);
        Assert.Equal(ExecutionState.Ready, (await database.GetExecutionAsync(many[1].Id, Token))!.State);
        Assert.Null(await database.GetExecutionAsync(Guid.NewGuid(), Token));
        var page = await database.ListExecutionsAsync(new ExecutionQuery { Limit = 2, TaskKey = "job", Queue = "work" }, Token);
        Assert.Equal([many[3].Id, many[2].Id], page.Select(info => info.Id));
        page = await database.ListExecutionsAsync(new ExecutionQuery { Before = page[1].Id, State = ExecutionState.Scheduled }, Token);
        Assert.Equal([many[0].Id], page.Select(info => info.Id));

        // A lease without history of its own goes as a whole.
        claim = await database.ClaimAsync(owner, "work", 100, null, Token);
        Assert.Equal(2, claim.Executions.Count);
        settled = await database.ReturnAsync(owner, new OutcomeBatch([claim.LeaseId!.Value], []), Token);
        Assert.All(settled, one => Assert.Equal(Effect.Completed, one.Effect));
        Assert.Equal(Effect.Rejected, Assert.Single(await database.ReturnAsync(owner, new OutcomeBatch([claim.LeaseId!.Value], []), Token)).Effect);
    }

    [Fact]
    public async Task Orchestrators_signals_and_hints()
    {
        await using var engine = await TestEngine.CreateAsync();
        var database = engine.Conductor.Database;
        var owner = await RegisterAsync(database);
        var hints = new System.Collections.Concurrent.ConcurrentQueue<string?>();
        await using (await database.ListenAsync(owner, ["work"], hints.Enqueue, Token))
        {
            Assert.True(await database.SetIdleAsync("work", true, Token));
            await database.InvokeAsync(new Invocation(Guid.CreateVersion7(), "job", _one, null, null, 0, null, null, null), DedupePolicy.ReturnExisting, null, Token);
            await Eventually.IsTrue(() => hints.Contains("work"), "the hint arrives");
            await database.SetIdleAsync("work", false, Token);
            Assert.True(await database.SignalShutdownAsync(owner, "enough", Token));
            await Eventually.IsTrue(() => hints.Contains("signal"), "the signal is announced");
        }

        var request = new HeartbeatRequest(owner, TimeSpan.FromSeconds(30), [], false, [], TimeSpan.FromMinutes(1));
        var reply = await database.HeartbeatAsync(request, Token);
        Assert.True(reply.Alive);
        var signal = Assert.Single(reply.Signals);
        Assert.Equal((SignalKind.Shutdown, "enough"), (signal.Kind, signal.Reason));
        Assert.Single((await database.HeartbeatAsync(request, Token)).Signals);
        Assert.Empty((await database.HeartbeatAsync(request with { Acknowledged = [signal.Id] }, Token)).Signals);
        Assert.Null(reply.NextTakeoverIn);

        // A claim that its process does not know of.
        var claim = await database.ClaimAsync(owner, "work", 10, null, Token);
        await database.HeartbeatAsync(request with { KnownLeases = [claim.LeaseId!.Value], LostAfter = TimeSpan.Zero }, Token);
        Assert.Equal(1, await engine.CountAsync("leases"));
        await database.HeartbeatAsync(request with { LostAfter = TimeSpan.Zero }, Token);
        Assert.Equal(0, await engine.CountAsync("leases"));

        claim = await database.ClaimAsync(owner, "work", 10, null, Token);
        var known = Assert.Single(await database.ListOrchestratorsAsync(Token));
        Assert.Equal((owner, "name", 1L, 1L), (known.Id, known.Name, known.Leases, known.Running));
        Assert.Equal(1, await database.ShutdownAsync(owner, Token));
        await engine.Database.ExecuteAsync("update pgconductor.orchestrators set last_heartbeat_at = now() - interval '1 minute'");
        Assert.Equal(new RecoveryReport(1, 1, 0), await database.RecoverAsync(TimeSpan.FromSeconds(30), Token));
        Assert.False((await database.HeartbeatAsync(request, Token)).Alive);
        Assert.Equal(Effect.Rejected, Assert.Single(await database.ReturnAsync(owner, new OutcomeBatch([claim.LeaseId!.Value], []), Token)).Effect);
        Assert.False(await database.SignalShutdownAsync(owner, "again", Token));
        var error = await Assert.ThrowsAsync<ConductorException>(() => database.ClaimAsync(owner, "work", 10, null, Token));
        Assert.Equal(ConductorErrorCode.NotRegistered, error.Code);
    }

    [Fact]
    public async Task A_transaction_that_holds_the_horizon_is_named()
    {
        await using var engine = await TestEngine.CreateAsync();
        await using var connection = await engine.Database.DataSource.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, Token);
        await using var command = new Npgsql.NpgsqlCommand("select count(*) from pgconductor.executions", connection, transaction);
        await command.ExecuteScalarAsync(Token);

        // The server's own housekeeping may have a transaction open in this database at any moment.
        HeldHorizon? held = null;
        await Eventually.IsTrue(async () => (held = (await engine.Conductor.GetHeldHorizonAsync(TimeSpan.FromMilliseconds(100), Token)).SingleOrDefault(one => one.ProcessId == connection.ProcessID)) is not null, "it is seen");

        Assert.Equal("idle in transaction", held!.State);
        Assert.Empty(await engine.Conductor.GetHeldHorizonAsync(TimeSpan.FromHours(1), Token));
    }

    private static async Task<Guid> RegisterAsync(IDatabaseClient database)
    {
        var id = Guid.CreateVersion7();
        await database.RegisterOrchestratorAsync(id, "name", "1.2.3", 1, Token);
        await database.RegisterWorkerAsync(id, "work", [_job], Token);
        return id;
    }
}
