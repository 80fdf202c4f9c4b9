using PgConductor.Database;
using Xunit;

namespace PgConductor.ConformanceTests;

/// <summary>Claims: which executions, in which order, and when to ask again.</summary>
public abstract class ClaimTests(Backend backend) : ConformanceTest(backend)
{
    [Fact]
    public async Task Higher_priority_first_then_the_longer_due()
    {
        var low = (await InvokeAsync(Make(Plain, priority: -5))).Id;
        await Subject.AdvanceAsync(TimeSpan.FromSeconds(1));
        var first = await InvokeAsync(Plain);
        await Subject.AdvanceAsync(TimeSpan.FromSeconds(1));
        var second = await InvokeAsync(Plain);
        var high = (await InvokeAsync(Make(Plain, priority: 100))).Id;

        var claim = await ClaimAsync();

        Assert.Equal([high, first, second, low], claim.Executions.Select(execution => execution.Id));
        Assert.Equal([1, 2, 3, 4], claim.Executions.Select(execution => execution.Position));
    }

    [Fact]
    public async Task A_claim_carries_all_that_a_handler_needs()
    {
        var id = Guid.CreateVersion7();
        await InvokeAsync(Make(Kept, """{"x":1}""", id: id) with { TraceParent = "00-trace" });
        await Subject.AdvanceAsync(TimeSpan.FromSeconds(3));

        var claim = await ClaimAsync();
        var execution = Assert.Single(claim.Executions);

        Assert.NotNull(claim.LeaseId);
        Assert.NotNull(claim.NextPosition);
        Assert.Equal((1, id, "kept", 1, "00-trace"), (execution.Position, execution.Id, execution.TaskKey, execution.Attempt, execution.TraceParent));
        Assert.Equal((Subject.Start.UtcDateTime, Subject.Start.UtcDateTime, DateTimeKind.Utc), (execution.CreatedAt, execution.RunAt, execution.CreatedAt.Kind));
        Assert.Equal("""{"x":1}""", System.Text.Encoding.UTF8.GetString(execution.Payload).Replace(" ", "", StringComparison.Ordinal));
        var info = await GetAsync(id);
        Assert.Equal((ExecutionState.Running, 1, Me, Subject.Now), (info.State, info.Attempts, info.OrchestratorId!.Value, info.StartedAt!.Value));
    }

    [Fact]
    public async Task No_more_than_the_limit_and_nothing_twice()
    {
        await Client.InvokeManyAsync([.. Enumerable.Range(0, 7).Select(_ => Make(Plain))], DedupePolicy.ReturnExisting, null, Token);

        var first = await ClaimAsync(5);
        var second = await ClaimAsync(5);
        var third = await ClaimAsync(5);

        Assert.Equal((5, 2, 0), (first.Executions.Count, second.Executions.Count, third.Executions.Count));
        Assert.NotEqual(first.LeaseId, second.LeaseId);
        Assert.Null(third.LeaseId);
        Assert.Equal(7, first.Executions.Concat(second.Executions).Select(execution => execution.Id).Distinct().Count());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(10001)]
    public async Task A_limit_out_of_range_is_refused(int limit)
    {
        await InvokeAsync(Plain);
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => ClaimAsync(limit));
    }

    [Fact]
    public async Task Who_is_not_registered_gets_an_error_and_nothing_else()
    {
        await InvokeAsync(Plain);
        await Client.CreateQueueAsync("other", false, Token);

        await FailsAsync(ConductorErrorCode.NotRegistered, () => ClaimAsync(who: Guid.CreateVersion7()));
        await FailsAsync(ConductorErrorCode.NotRegistered, () => ClaimAsync(queue: "other"));
        Assert.Single((await ClaimAsync()).Executions);
    }

    [Fact]
    public async Task Only_registered_tasks_are_claimed()
    {
        var other = TaskDefinition.Create<int>("other");
        await InvokeAsync(other);
        var mine = await InvokeAsync(Plain);

        Assert.Equal(mine, Assert.Single((await ClaimAsync()).Executions).Id);

        var helper = Guid.CreateVersion7();
        await RegisterAsync(helper, other);
        Assert.Equal("other", Assert.Single((await ClaimAsync(who: helper)).Executions).TaskKey);
    }

    [Fact]
    public async Task A_paused_queue_gives_nothing_until_it_is_resumed()
    {
        await InvokeAsync(Plain);
        await Client.PauseQueueAsync("default", Token);

        var claim = await ClaimAsync();
        Assert.Null(claim.LeaseId);
        Assert.Null(claim.NextDueIn);
        await Client.ResumeQueueAsync("default", Token);
        Assert.Single((await ClaimAsync()).Executions);
    }

    [Fact]
    public async Task An_empty_claim_says_when_the_next_is_due()
    {
        Assert.Null((await ClaimAsync()).NextDueIn);
        await InvokeAsync(Make(Plain, runAt: Subject.Now + TimeSpan.FromSeconds(90)));
        await InvokeAsync(Make(Plain, priority: 5, runAt: Subject.Now + TimeSpan.FromSeconds(30)));

        Assert.Equal(TimeSpan.FromSeconds(30), (await ClaimAsync()).NextDueIn);
        await Subject.AdvanceAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(TimeSpan.FromSeconds(10), (await ClaimAsync()).NextDueIn);
    }

    [Fact]
    public async Task A_claim_goes_on_where_the_last_one_stopped()
    {
        await Client.InvokeManyAsync([.. Enumerable.Range(0, 6).Select(n => Make(Plain, $"{n}"))], DedupePolicy.ReturnExisting, null, Token);

        var first = await ClaimAsync(2);
        var second = await ClaimAsync(2, first.NextPosition);
        var third = await ClaimAsync(2, second.NextPosition);
        var fourth = await ClaimAsync(2, third.NextPosition);

        Assert.Equal(["0", "1", "2", "3", "4", "5"], new[] { first, second, third }.SelectMany(claim => claim.Executions).Select(execution => System.Text.Encoding.UTF8.GetString(execution.Payload)));
        Assert.Null(fourth.LeaseId);
    }

    [Fact]
    public async Task What_lies_before_the_position_is_found_from_the_start()
    {
        var later = Subject.Now + TimeSpan.FromSeconds(10);
        await InvokeAsync(Make(Plain, runAt: later));
        await Subject.AdvanceAsync(TimeSpan.FromSeconds(10));
        var claim = await ClaimAsync();

        // Put back with an earlier time than where the claim stopped, or with another priority: beside the position.
        var beside = (await InvokeAsync(Make(Plain, priority: 50))).Id;

        Assert.Null((await ClaimAsync(10, claim.NextPosition)).LeaseId);
        Assert.Equal(beside, Assert.Single((await ClaimAsync()).Executions).Id);
    }

    [Fact]
    public async Task A_claim_of_one_task_takes_it_and_nothing_else()
    {
        // A batch task has a lane of its own, where such a claim finds all of it.
        var batch = TaskDefinition.Create<int>("batch", new TaskOptions { Batch = new BatchOptions() });
        await RegisterAsync(Me, Plain, batch);
        var kept = new[] { await InvokeAsync(batch), await InvokeAsync(batch), await InvokeAsync(batch) };
        var plain = await InvokeAsync(Plain);
        Assert.True(await Client.CreateQueueAsync("side", false, Token));
        var aside = (await InvokeAsync(Make(batch, queue: "side"))).Id;

        var claim = await Client.ClaimTaskAsync(Me, "default", "batch", 2, Token);
        Assert.Equal(kept[..2], claim.Executions.Select(execution => execution.Id));
        Assert.Equal((1, 2, 1), (claim.Executions[0].Position, claim.Executions[1].Position, claim.Executions[0].Attempt));
        Assert.Equal((null, null), (claim.NextPosition, claim.NextDueIn));
        Assert.Equal(kept[2], Assert.Single((await Client.ClaimTaskAsync(Me, "default", "batch", 10, Token)).Executions).Id);
        Assert.Null((await Client.ClaimTaskAsync(Me, "default", "batch", 10, Token)).LeaseId);
        Assert.Equal(aside, Assert.Single((await Client.ClaimTaskAsync(Me, "side", "batch", 10, Token)).Executions).Id);
        Assert.Equal(plain, Assert.Single((await ClaimAsync()).Executions).Id);
        await FailsAsync(ConductorErrorCode.NotFound, () => Client.ClaimTaskAsync(Me, "default", "nobody's", 10, Token));
    }

    [Fact]
    public async Task What_has_used_up_its_attempts_is_dead_lettered_instead_of_claimed()
    {
        var (id, effect) = await SettleAsync(Kept, OutcomeKind.Failed, error: Error("once"), delay: TimeSpan.Zero);
        Assert.Equal(Effect.Retried, effect);
        await Client.RegisterWorkerAsync(Me, "default", [TaskDefinition.Create<int, int>("kept", new TaskOptions { MaxAttempts = 1 })], Token);

        var claim = await ClaimAsync();

        Assert.Null(claim.LeaseId);
        Assert.Equal(TimeSpan.Zero, claim.NextDueIn);
        var info = await GetAsync(id);
        Assert.Equal((ExecutionState.Failed, 1, null), (info.State, info.Attempts, info.StartedAt));
        Assert.Contains("all 1 attempts", info.Reason, StringComparison.Ordinal);
        Assert.Equal("once", info.Errors!.Value[0].GetProperty("message").GetString());
    }
}

/// <summary>Claim against the server.</summary>
public sealed class ClaimOnPostgreSql() : ClaimTests(Backend.PostgreSql);

/// <summary>Claim against the double.</summary>
public sealed class ClaimInMemory() : ClaimTests(Backend.InMemory);
