using PgConductor.Client;
using PgConductor.Database;
using Xunit;

namespace PgConductor.ConformanceTests;

/// <summary>Every transition of a running execution: outcome and state to effect, and what follows.</summary>
public abstract class OutcomeTests(Backend backend) : ConformanceTest(backend)
{
    [Fact]
    public async Task Completed_keeps_the_result()
    {
        var (id, effect) = await SettleAsync(Kept, OutcomeKind.Completed, result: Json("""{"n":42}"""));

        Assert.Equal(Effect.Completed, effect);
        var info = await GetAsync(id);
        Assert.Equal((ExecutionState.Completed, 1, 42), (info.State, info.Attempts, info.Result!.Value.GetProperty("n").GetInt32()));
        Assert.Equal((Subject.Now, Subject.Now, null, null, null), (info.StartedAt!.Value, info.FinishedAt!.Value, info.RunAt, info.OrchestratorId, info.Reason));
        Assert.Equal(1, info.Payload!.Value.GetInt32());
    }

    [Fact]
    public async Task Without_retention_nothing_is_left()
    {
        var (id, effect) = await SettleAsync(Plain, OutcomeKind.Completed, result: Json("1"));

        Assert.Equal(Effect.Completed, effect);
        Assert.Null(await Client.GetExecutionAsync(id, Token));
    }

    [Fact]
    public async Task Failed_is_retried_by_the_tasks_backoff_until_no_attempt_is_left()
    {
        var (id, effect) = await SettleAsync(Kept, OutcomeKind.Failed, error: Error("first"));
        Assert.Equal(Effect.Retried, effect);
        var info = await GetAsync(id);
        Assert.Equal((ExecutionState.Scheduled, 1, "first", Subject.Now + TimeSpan.FromSeconds(10)), (info.State, info.Attempts, info.Reason, info.RunAt!.Value));

        await Subject.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(Effect.Retried, await FailOnceMoreAsync(2, "second"));
        Assert.Equal(Subject.Now + TimeSpan.FromSeconds(60), (await GetAsync(id)).RunAt);

        await Subject.AdvanceAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(Effect.Failed, await FailOnceMoreAsync(3, "third"));
        info = await GetAsync(id);
        Assert.Equal((ExecutionState.Failed, 3, "third", Subject.Now), (info.State, info.Attempts, info.Reason, info.FinishedAt!.Value));
        Assert.Equal(["first", "second", "third"], info.Errors!.Value.EnumerateArray().Select(error => error.GetProperty("message").GetString()));
        Assert.Equal([1, 2, 3], info.Errors.Value.EnumerateArray().Select(error => error.GetProperty("attempt").GetInt32()));
        Assert.Equal(Subject.Start, info.Errors.Value[0].GetProperty("at").GetDateTimeOffset());
        Assert.Equal("T", info.Errors.Value[0].GetProperty("type").GetString());
    }

    [Fact]
    public async Task The_last_pause_of_the_backoff_repeats()
    {
        var id = (await InvokeAsync(Make(Kept, maxAttempts: 9))).Id;
        for (var attempt = 1; attempt <= 4; attempt++)
        {
            Assert.Equal(Effect.Retried, await FailOnceMoreAsync(attempt, "again"));
            Assert.Equal(Subject.Now + TimeSpan.FromSeconds(attempt == 1 ? 10 : 60), (await GetAsync(id)).RunAt);
            await Subject.AdvanceAsync(TimeSpan.FromSeconds(60));
        }
    }

    [Fact]
    public async Task Jitter_spreads_the_pause_within_its_share()
    {
        await RegisterAsync(Me, TaskDefinition.Create<int>("spread", new TaskOptions { Backoff = [TimeSpan.FromSeconds(100)], BackoffJitter = 0.2 }));
        await Client.InvokeManyAsync([.. Enumerable.Range(0, 20).Select(_ => Make(TaskDefinition.Create<int>("spread")))], DedupePolicy.ReturnExisting, null, Token);
        var claim = await ClaimAsync();
        await ReturnAsync([.. claim.Executions.Select(execution => new Outcome(claim.LeaseId!.Value, execution.Position, OutcomeKind.Failed))]);

        var pauses = new List<TimeSpan>();
        foreach (var execution in claim.Executions)
        {
            pauses.Add((await GetAsync(execution.Id)).RunAt!.Value - Subject.Now);
        }

        Assert.All(pauses, pause => Assert.InRange(pause, TimeSpan.FromSeconds(80), TimeSpan.FromSeconds(120)));
        Assert.True(pauses.Distinct().Count() > 10, "spread at random");
    }

    [Fact]
    public async Task A_delay_of_its_own_wins_over_the_backoff()
    {
        var (id, _) = await SettleAsync(Kept, OutcomeKind.Failed, delay: TimeSpan.FromSeconds(1.5));

        Assert.Equal(Subject.Now + TimeSpan.FromSeconds(1.5), (await GetAsync(id)).RunAt);
    }

    [Theory]
    [InlineData(nameof(OutcomeKind.Failed))]
    [InlineData(nameof(OutcomeKind.Released))]
    public async Task A_delay_below_zero_is_none(string outcome)
    {
        var kind = Enum.Parse<OutcomeKind>(outcome);
        var (id, _) = await SettleAsync(Kept, kind, delay: TimeSpan.FromSeconds(-5));

        Assert.Equal((ExecutionState.Ready, Subject.Now), ((await GetAsync(id)).State, (await GetAsync(id)).RunAt!.Value));
    }

    [Theory]
    [InlineData(nameof(OutcomeKind.Failed))]
    [InlineData(nameof(OutcomeKind.Released))]
    public async Task A_delay_beyond_a_century_is_a_dead_letter_that_says_so(string outcome)
    {
        var kind = Enum.Parse<OutcomeKind>(outcome);
        var (id, effect) = await SettleAsync(Kept, kind, error: Error("because"), delay: TimeSpan.FromDays(40_000));

        Assert.Equal(Effect.Failed, effect);
        var info = await GetAsync(id);
        Assert.Equal(ExecutionState.Failed, info.State);
        Assert.Contains("delay", info.Reason, StringComparison.Ordinal);
        Assert.Contains("because", info.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dead_is_a_dead_letter_whatever_attempts_are_left()
    {
        var (id, effect) = await SettleAsync(Kept, OutcomeKind.Dead, error: Error("never"));

        Assert.Equal(Effect.Failed, effect);
        var info = await GetAsync(id);
        Assert.Equal((ExecutionState.Failed, "never", 1, Subject.Now), (info.State, info.Reason, info.Attempts, info.StartedAt!.Value));
    }

    [Fact]
    public async Task A_failure_without_a_reason_says_that()
    {
        var (id, _) = await SettleAsync(Kept, OutcomeKind.Dead);

        var info = await GetAsync(id);
        Assert.Equal("no reason was given", info.Reason);
        Assert.Equal(1, info.Errors!.Value[0].GetProperty("attempt").GetInt32());
    }

    [Fact]
    public async Task Released_is_as_if_never_started()
    {
        var (id, effect) = await SettleAsync(Kept, OutcomeKind.Released);

        Assert.Equal(Effect.Released, effect);
        var info = await GetAsync(id);
        Assert.Equal((ExecutionState.Ready, 0, null), (info.State, info.Attempts, info.Reason));
        Assert.Equal(1, Assert.Single((await ClaimAsync()).Executions).Attempt);
    }

    [Fact]
    public async Task Released_with_a_delay_waits_for_it()
    {
        var (id, _) = await SettleAsync(Kept, OutcomeKind.Released, delay: TimeSpan.FromSeconds(10));

        Assert.Equal((ExecutionState.Scheduled, Subject.Now + TimeSpan.FromSeconds(10)), ((await GetAsync(id)).State, (await GetAsync(id)).RunAt!.Value));
    }

    [Fact]
    public async Task Released_on_the_last_attempt_is_not_a_dead_letter()
    {
        var (_, effect) = await SettleAsync(Kept, OutcomeKind.Released, maxAttempts: 1);

        Assert.Equal(Effect.Released, effect);
    }

    [Fact]
    public async Task Cancelled_ends_with_the_reason_given()
    {
        var (id, effect) = await SettleAsync(Kept, OutcomeKind.Cancelled, error: Error("stop it"));

        Assert.Equal(Effect.Cancelled, effect);
        Assert.Equal((ExecutionState.Cancelled, "stop it"), ((await GetAsync(id)).State, (await GetAsync(id)).Reason));
    }

    [Theory]
    [InlineData(nameof(OutcomeKind.Completed), nameof(Effect.Completed))]
    [InlineData(nameof(OutcomeKind.Failed), nameof(Effect.Cancelled))]
    [InlineData(nameof(OutcomeKind.Dead), nameof(Effect.Cancelled))]
    [InlineData(nameof(OutcomeKind.Released), nameof(Effect.Cancelled))]
    [InlineData(nameof(OutcomeKind.Cancelled), nameof(Effect.Cancelled))]
    public async Task A_cancellation_asked_for_wins_over_all_but_completion(string outcome, string effectName)
    {
        var kind = Enum.Parse<OutcomeKind>(outcome);
        var expected = Enum.Parse<Effect>(effectName);
        var id = await InvokeAsync(Kept);
        var claim = await ClaimAsync();
        Assert.Equal(CancelOutcome.Requested, await Client.CancelExecutionAsync(id, "first", Token));
        await Client.CancelExecutionAsync(id, "second", Token);
        Assert.Equal("first", (await GetAsync(id)).Reason);

        var settlement = Assert.Single(await ReturnAsync(new Outcome(claim.LeaseId!.Value, 1, kind, Error: Error("other"))));

        Assert.Equal(expected, settlement.Effect);
        Assert.Equal(expected == Effect.Cancelled ? "first" : null, (await GetAsync(id)).Reason);
    }

    [Fact]
    public async Task Each_position_is_accepted_once_and_only_from_its_owner()
    {
        await Client.InvokeManyAsync([Make(Kept), Make(Kept)], DedupePolicy.ReturnExisting, null, Token);
        var lease = (await ClaimAsync()).LeaseId!.Value;

        var thief = await Client.ReturnAsync(Guid.CreateVersion7(), new OutcomeBatch([lease], [new Outcome(lease, 1, OutcomeKind.Completed)]), Token);
        Assert.Equal([new Settlement(lease, 0, Effect.Rejected), new Settlement(lease, 1, Effect.Rejected)], thief.OrderBy(settlement => settlement.Position));

        var twice = await ReturnAsync(new Outcome(lease, 1, OutcomeKind.Completed), new Outcome(lease, 1, OutcomeKind.Dead), new Outcome(lease, 3, OutcomeKind.Completed), new Outcome(lease, 0, OutcomeKind.Completed));
        Assert.Equal([Effect.Completed, Effect.Rejected], twice.Where(settlement => settlement.Position == 1).Select(settlement => settlement.Effect).Order());
        Assert.Equal([Effect.Rejected, Effect.Rejected], twice.Where(settlement => settlement.Position != 1).Select(settlement => settlement.Effect));

        Assert.Equal(new Settlement(lease, 1, Effect.Rejected), Assert.Single(await ReturnAsync(new Outcome(lease, 1, OutcomeKind.Completed))));
        Assert.Equal(new Settlement(lease, 2, Effect.Completed), Assert.Single(await ReturnAsync(new Outcome(lease, 2, OutcomeKind.Completed))));
        Assert.Equal(new Settlement(lease, 2, Effect.Rejected), Assert.Single(await ReturnAsync(new Outcome(lease, 2, OutcomeKind.Completed))));
        Assert.Equal(new Settlement(lease, 0, Effect.Rejected), Assert.Single(await ReturnWholeAsync(lease)));
    }

    [Fact]
    public async Task A_whole_lease_without_history_is_forgotten_at_once()
    {
        await Client.InvokeManyAsync([Make(Plain), Make(Plain), Make(Plain)], DedupePolicy.ReturnExisting, null, Token);
        var lease = (await ClaimAsync()).LeaseId!.Value;

        Assert.Equal(new Settlement(lease, 0, Effect.Completed), Assert.Single(await ReturnWholeAsync(lease)));
        Assert.Equal(new Settlement(lease, 0, Effect.Rejected), Assert.Single(await ReturnWholeAsync(lease)));
        Assert.Empty(await Client.ListExecutionsAsync(new ExecutionQuery(), Token));
    }

    [Fact]
    public async Task A_whole_lease_with_history_is_answered_by_position()
    {
        await Client.InvokeManyAsync([Make(Kept), Make(Plain)], DedupePolicy.ReturnExisting, null, Token);
        var lease = (await ClaimAsync()).LeaseId!.Value;

        var settlements = await ReturnWholeAsync(lease);

        Assert.Equal([new Settlement(lease, 1, Effect.Completed), new Settlement(lease, 2, Effect.Completed)], settlements.OrderBy(settlement => settlement.Position));
        Assert.Equal(ExecutionState.Completed, Assert.Single(await Client.ListExecutionsAsync(new ExecutionQuery(), Token)).State);
    }

    [Fact]
    public async Task A_whole_lease_that_is_partly_done_completes_the_rest()
    {
        await Client.InvokeManyAsync([Make(Plain), Make(Plain)], DedupePolicy.ReturnExisting, null, Token);
        var lease = (await ClaimAsync()).LeaseId!.Value;
        await ReturnAsync(new Outcome(lease, 2, OutcomeKind.Dead));

        var settlements = await ReturnWholeAsync(lease);

        Assert.Equal([new Settlement(lease, 1, Effect.Completed), new Settlement(lease, 2, Effect.Rejected)], settlements.OrderBy(settlement => settlement.Position));
        Assert.Equal(ExecutionState.Failed, Assert.Single(await Client.ListExecutionsAsync(new ExecutionQuery(), Token)).State);
    }

    [Fact]
    public async Task One_bad_value_refuses_the_call_and_records_nothing_of_it()
    {
        await Client.InvokeManyAsync([Make(Kept), Make(Kept)], DedupePolicy.ReturnExisting, null, Token);
        var lease = (await ClaimAsync()).LeaseId!.Value;

        var exception = await FailsAsync(ConductorErrorCode.Database, () => ReturnAsync(new Outcome(lease, 1, OutcomeKind.Completed), new Outcome(lease, 2, OutcomeKind.Completed, Json("\"\\u0000\""))));

        Assert.True(SqlStateMap.IsDataError(exception));
        Assert.False(exception.IsTransient);
        Assert.All(await Client.ListExecutionsAsync(new ExecutionQuery(), Token), info => Assert.Equal(ExecutionState.Running, info.State));
    }

    [Fact]
    public async Task A_retry_keeps_what_the_execution_is()
    {
        var id = (await InvokeAsync(Make(Kept, "[1]", priority: 4, dedupeKey: "k", maxAttempts: 7))).Id;
        await Subject.AdvanceAsync(TimeSpan.FromMinutes(5));
        var claim = await ClaimAsync();
        await ReturnAsync(new Outcome(claim.LeaseId!.Value, 1, OutcomeKind.Failed));

        var info = await GetAsync(id);
        Assert.Equal((4, "k", 7, Subject.Start, "default", "[1]"), (info.Priority, info.DedupeKey, info.MaxAttempts, info.CreatedAt, info.Queue, info.Payload!.Value.GetRawText()));
    }

    [Fact]
    public async Task The_last_ten_errors_are_kept()
    {
        var id = (await InvokeAsync(Make(Kept, maxAttempts: 100))).Id;
        for (var attempt = 1; attempt <= 12; attempt++)
        {
            await FailOnceMoreAsync(attempt, $"{attempt}", TimeSpan.Zero);
        }

        var errors = (await GetAsync(id)).Errors!.Value.EnumerateArray().Select(error => error.GetProperty("message").GetString()).ToList();
        Assert.Equal(Enumerable.Range(3, 10).Select(n => $"{n}"), errors);
    }

    [Fact]
    public async Task An_id_enqueued_once_more_while_it_ran_does_not_fail_the_others()
    {
        var invocation = Make(Kept);
        await InvokeAsync(invocation);
        await Subject.AdvanceAsync(TimeSpan.FromSeconds(1));
        var other = await InvokeAsync(Kept);
        var lease = (await ClaimAsync()).LeaseId!.Value;
        await InvokeAsync(invocation);

        var settlements = await ReturnAsync(new Outcome(lease, 1, OutcomeKind.Released), new Outcome(lease, 2, OutcomeKind.Released));

        Assert.Equal([Effect.Released, Effect.Released], settlements.Select(settlement => settlement.Effect));
        Assert.Equal(new[] { invocation.Id, other }.Order(), (await ClaimAsync()).Executions.Select(execution => execution.Id).Order());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task History_is_kept_as_long_as_its_task_says(bool failed)
    {
        var keep = new TaskOptions { KeepCompleted = Retention.For(TimeSpan.FromHours(1)), KeepFailed = Retention.For(TimeSpan.FromHours(1)) };
        var forever = new TaskOptions { KeepCompleted = Retention.Forever, KeepFailed = Retention.Forever };
        await RegisterAsync(Me, TaskDefinition.Create<int>("hour", keep), TaskDefinition.Create<int>("ever", forever));
        await Client.MaintainAsync(Token);
        var (hour, _) = await SettleAsync(TaskDefinition.Create<int>("hour"), failed ? OutcomeKind.Dead : OutcomeKind.Completed);
        var (ever, _) = await SettleAsync(TaskDefinition.Create<int>("ever"), failed ? OutcomeKind.Dead : OutcomeKind.Completed);

        await Subject.AdvanceAsync(TimeSpan.FromMinutes(59));
        await Client.MaintainAsync(Token);
        Assert.NotNull(await Client.GetExecutionAsync(hour, Token));

        await Subject.AdvanceAsync(TimeSpan.FromDays(1));
        await Client.MaintainAsync(Token);
        Assert.Null(await Client.GetExecutionAsync(hour, Token));
        await Subject.AdvanceAsync(TimeSpan.FromDays(4000));
        await Client.MaintainAsync(Token);
        Assert.NotNull(await Client.GetExecutionAsync(ever, Token));
    }

    [Fact]
    public async Task Failures_without_retention_leave_nothing()
    {
        await RegisterAsync(Me, TaskDefinition.Create<int>("none", new TaskOptions { KeepFailed = Retention.None }));
        var (dead, effect) = await SettleAsync(TaskDefinition.Create<int>("none"), OutcomeKind.Dead);
        Assert.Equal(Effect.Failed, effect);
        Assert.Null(await Client.GetExecutionAsync(dead, Token));

        var waiting = await InvokeAsync(TaskDefinition.Create<int>("none"));
        await Client.CancelExecutionAsync(waiting, "gone", Token);
        Assert.Null(await Client.GetExecutionAsync(waiting, Token));
    }

    private async Task<Effect> FailOnceMoreAsync(int attempt, string message, TimeSpan? delay = null)
    {
        var claim = await ClaimAsync();
        Assert.Equal(attempt, Assert.Single(claim.Executions).Attempt);
        return Assert.Single(await ReturnAsync(new Outcome(claim.LeaseId!.Value, 1, OutcomeKind.Failed, Error: Error(message), Delay: delay))).Effect;
    }
}

/// <summary>Outcome against the server.</summary>
public sealed class OutcomeOnPostgreSql() : OutcomeTests(Backend.PostgreSql);

/// <summary>Outcome against the double.</summary>
public sealed class OutcomeInMemory() : OutcomeTests(Backend.InMemory);
