using System.Text;
using PgConductor.Database;
using Xunit;

namespace PgConductor.ConformanceTests;

/// <summary>Steps and waits: what is stored, what comes with a claim, who is woken.</summary>
public abstract class StepTests(Backend backend) : ConformanceTest(backend)
{
    [Fact]
    public async Task Steps_are_stored_once_and_come_with_the_next_claim()
    {
        await InvokeAsync(Make(Kept));
        var lease = (await ClaimAsync()).LeaseId!.Value;

        Assert.Equal([StepEffect.Saved, StepEffect.Saved], await SaveAsync(Step(lease, 1, "b", 1, "2"), Step(lease, 1, "a", 2, null)));
        Assert.Equal([StepEffect.Existing], await SaveAsync(Step(lease, 1, "b", 1, "3")));
        Assert.Equal(Effect.Retried, (await ReturnAsync(new Outcome(lease, 1, OutcomeKind.Failed, Delay: TimeSpan.Zero)))[0].Effect);

        var claimed = Assert.Single((await ClaimAsync()).Executions);
        Assert.False(claimed.StepsLeftBehind);
        Assert.Equal([("b", "step", StepState.Done, "2", 1), ("a", "step", StepState.Done, "null", 2)], claimed.Steps!.Select(step => (step.Name, step.Kind, step.State, Text(step.Result), step.Ordinal)));
        Assert.All(claimed.Steps!, step => Assert.Equal((Subject.Now.UtcDateTime, Subject.Now.UtcDateTime), (step.StartedAt, step.FinishedAt)));
        Assert.Equal(["b", "a"], (await Client.LoadStepsAsync(claimed.Id, Token)).Select(step => step.Name));
        Assert.Equal(["b", "a"], (await Client.ListStepsAsync(claimed.Id, Token)).Select(step => step.Name));
    }

    [Fact]
    public async Task A_step_is_accepted_only_from_the_owner_of_a_running_execution()
    {
        await InvokeAsync(Make(Kept));
        await InvokeAsync(Make(Kept));
        var lease = (await ClaimAsync()).LeaseId!.Value;
        var other = Guid.CreateVersion7();
        await RegisterAsync(other, Kept);

        Assert.Equal([StepEffect.Rejected], await Client.SaveStepsAsync(other, [Step(lease, 1, "a")], Token));
        Assert.Equal([StepEffect.Rejected, StepEffect.Rejected, StepEffect.Saved], await SaveAsync(Step(lease + 1, 1, "a"), Step(lease, 3, "a"), Step(lease, 2, "a")));
        await ReturnAsync(new Outcome(lease, 2, OutcomeKind.Completed));
        Assert.Equal([StepEffect.Rejected], await SaveAsync(Step(lease, 2, "b")));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => SaveAsync(Step(lease, 1, "")));
    }

    [Fact]
    public async Task A_step_in_a_transaction_is_refused_rather_than_answered()
    {
        var id = await InvokeAsync(Kept);
        var lease = (await ClaimAsync()).LeaseId!.Value;

        await Client.SaveStepInTransactionAsync(Me, (_, _) => Task.FromResult(Step(lease, 1, "a", 1, "7")), Token);
        await FailsAsync(ConductorErrorCode.StepRejected, () => Client.SaveStepInTransactionAsync(Me, (_, _) => Task.FromResult(Step(lease, 1, "a")), Token));
        await FailsAsync(ConductorErrorCode.StepRejected, () => Client.SaveStepInTransactionAsync(Me, (_, _) => Task.FromResult(Step(lease, 9, "b")), Token));
        await Assert.ThrowsAsync<FormatException>(() => Client.SaveStepInTransactionAsync(Me, (_, _) => throw new FormatException(), Token));

        Assert.Equal(("a", "7"), Assert.Single((await Client.LoadStepsAsync(id, Token)).Select(step => (step.Name, Text(step.Result)))));
    }

    [Fact]
    public async Task A_sleep_gives_everything_back_and_is_due_at_its_end()
    {
        var id = await InvokeAsync(Kept);
        await SuspendAsync("""{"waits": [{"name": "s", "ordinal": 1, "kind": "sleep", "started_at": "2030-01-01T00:00:00Z", "seconds": 60}]}""");

        var info = await GetAsync(id);
        Assert.Equal((ExecutionState.Scheduled, 0, Subject.Now + TimeSpan.FromSeconds(60)), (info.State, info.Attempts, info.RunAt!.Value));
        var claim = await ClaimAsync();
        Assert.Equal((0, TimeSpan.FromSeconds(60)), (claim.Executions.Count, claim.NextDueIn));
        await Subject.AdvanceAsync(TimeSpan.FromSeconds(60));
        var claimed = Assert.Single((await ClaimAsync()).Executions);
        Assert.Equal(1, claimed.Attempt);
        Assert.Equal(("s", "sleep", StepState.Expired, Subject.Now.UtcDateTime), Assert.Single(claimed.Steps!.Select(step => (step.Name, step.Kind, step.State, step.FinishedAt!.Value))));
    }

    [Fact]
    public async Task A_childs_result_wakes_its_parent_although_the_child_keeps_no_history()
    {
        var parent = await InvokeAsync(Kept);
        var child = await SuspendOnChildAsync(Plain);

        Assert.Equal((ExecutionState.Waiting, null, 0), await StateAsync(parent));
        var claim = await ClaimAsync();
        Assert.Equal((child, "5"), Assert.Single(claim.Executions.Select(execution => (execution.Id, Encoding.UTF8.GetString(execution.Payload)))));
        Assert.Equal(parent, (await GetAsync(child)).ParentId);
        await ReturnAsync(new Outcome(claim.LeaseId!.Value, 1, OutcomeKind.Completed, Result: Json("42")));

        Assert.Null(await Client.GetExecutionAsync(child, Token));
        var claimed = Assert.Single((await ClaimAsync()).Executions);
        Assert.Equal((parent, 1), (claimed.Id, claimed.Attempt));
        Assert.Equal(("c", "child", StepState.Done, "42", child), Assert.Single(claimed.Steps!.Select(step => (step.Name, step.Kind, step.State, Text(step.Result), step.ChildId!.Value))));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_child_that_ends_badly_wakes_its_parent_too(bool cancelled)
    {
        var parent = await InvokeAsync(Kept);
        var child = await SuspendOnChildAsync(Kept);
        if (cancelled)
        {
            await Client.CancelExecutionAsync(child, "not wanted", Token);
        }
        else
        {
            var claim = await ClaimAsync();
            await ReturnAsync(new Outcome(claim.LeaseId!.Value, 1, OutcomeKind.Dead, Error: Error("boom")));
        }

        var claimed = Assert.Single((await ClaimAsync()).Executions);
        Assert.Equal(parent, claimed.Id);
        var step = Assert.Single(claimed.Steps!);
        using var error = System.Text.Json.JsonDocument.Parse(step.Result!);
        Assert.Equal(
            (StepState.Failed, cancelled ? "not wanted" : "boom", cancelled, child),
            (step.State, error.RootElement.GetProperty("message").GetString(), error.RootElement.GetProperty("cancelled").GetBoolean(), error.RootElement.GetProperty("execution").GetGuid()));
    }

    [Fact]
    public async Task A_group_wakes_when_its_last_member_ends()
    {
        var parent = await InvokeAsync(Kept);
        await SuspendAsync($$"""{"waits": [{"name": "g", "ordinal": 1, "kind": "all", "started_at": "2030-01-01T00:00:00Z", "pending": 2}, {{Child("g/0", Guid.CreateVersion7(), Plain, ", \"group\": \"g\"")}}, {{Child("g/1", Guid.CreateVersion7(), Plain, ", \"group\": \"g\"")}}]}""");
        var claim = await ClaimAsync();
        Assert.Equal(2, claim.Executions.Count);

        await ReturnAsync(new Outcome(claim.LeaseId!.Value, 1, OutcomeKind.Completed));
        Assert.Equal(ExecutionState.Waiting, (await GetAsync(parent)).State);
        await ReturnAsync(new Outcome(claim.LeaseId!.Value, 2, OutcomeKind.Completed));
        Assert.Equal(ExecutionState.Ready, (await GetAsync(parent)).State);
        Assert.All(Assert.Single((await ClaimAsync()).Executions).Steps!, step => Assert.Equal(StepState.Done, step.State));
    }

    [Fact]
    public async Task An_outcome_that_came_while_the_parent_ran_is_found_when_it_suspends()
    {
        var parent = await InvokeAsync(Kept);
        await SuspendOnChildAsync(Plain, """, {"name": "s", "ordinal": 9, "kind": "sleep", "started_at": "2030-01-01T00:00:00Z", "seconds": 1}""");
        var child = (await ClaimAsync()).LeaseId!.Value;
        await Subject.AdvanceAsync(TimeSpan.FromSeconds(1));
        var lease = (await ClaimAsync()).LeaseId!.Value;
        await ReturnAsync(new Outcome(child, 1, OutcomeKind.Completed));
        Assert.Equal(ExecutionState.Running, (await GetAsync(parent)).State);

        Assert.Equal(Effect.Suspended, (await ReturnAsync(new Outcome(lease, 1, OutcomeKind.Suspended, Result: Json("""{"open": ["c"], "waits": []}"""))))[0].Effect);
        Assert.Equal(ExecutionState.Ready, (await GetAsync(parent)).State);
    }

    [Fact]
    public async Task A_cancelled_parents_children_are_cancelled_with_the_next_heartbeat()
    {
        var parent = await InvokeAsync(Kept);
        var child = await SuspendOnChildAsync(Kept);

        Assert.Equal(PgConductor.Client.CancelOutcome.Cancelled, await Client.CancelExecutionAsync(parent, "stop", Token));
        await Client.HeartbeatAsync(new HeartbeatRequest(Me, TimeSpan.FromHours(1), [], false, [], TimeSpan.FromHours(1)), Token);

        var info = await GetAsync(child);
        Assert.Equal((ExecutionState.Cancelled, $"its parent {parent} was cancelled"), (info.State, info.Reason));
    }

    [Fact]
    public async Task Steps_go_with_a_completed_execution_and_stay_with_a_dead_letter()
    {
        var done = await InvokeAsync(Kept);
        var lease = (await ClaimAsync()).LeaseId!.Value;
        await SaveAsync(Step(lease, 1, "a"));
        await ReturnAsync(new Outcome(lease, 1, OutcomeKind.Completed));
        Assert.Empty(await Client.LoadStepsAsync(done, Token));

        var dead = await InvokeAsync(Kept);
        lease = (await ClaimAsync()).LeaseId!.Value;
        await SaveAsync(Step(lease, 1, "a"));
        await ReturnAsync(new Outcome(lease, 1, OutcomeKind.Dead));
        Assert.Single(await Client.LoadStepsAsync(dead, Token));
        await Client.RetryExecutionAsync(dead, Token);
        Assert.Equal("a", Assert.Single(Assert.Single((await ClaimAsync()).Executions).Steps!).Name);
    }

    [Fact]
    public async Task A_wait_that_is_closed_stays_closed_and_its_child_is_left()
    {
        await InvokeAsync(Kept);
        var child = await SuspendOnChildAsync(Kept, more: ", \"seconds\": 5");
        await Subject.AdvanceAsync(TimeSpan.FromSeconds(5));
        var claim = await ClaimAsync();
        var mine = claim.Executions.Single(execution => execution.Id != child);
        Assert.Equal(StepState.Expired, Assert.Single(mine.Steps!).State);

        Assert.Equal([StepEffect.Saved], await SaveAsync(Step(claim.LeaseId!.Value, mine.Position, "c", 1, "{}") with { Failed = true }));
        await ReturnAsync(new Outcome(claim.LeaseId!.Value, claim.Executions.Single(execution => execution.Id == child).Position, OutcomeKind.Completed, Result: Json("1")));
        Assert.Equal((StepState.Failed, "{}"), Assert.Single((await Client.LoadStepsAsync(mine.Id, Token)).Select(step => (step.State, Text(step.Result)))));
    }

    [Fact]
    public async Task A_child_in_an_unknown_queue_is_refused()
    {
        await InvokeAsync(Kept);
        var lease = (await ClaimAsync()).LeaseId!.Value;
        var what = $$$"""{"waits": [{"name": "c", "ordinal": 1, "kind": "child", "started_at": "2030-01-01T00:00:00Z", "child": {"id": "{{{Guid.CreateVersion7()}}}", "task": "kept", "payload": 1, "queue": "nowhere"}}]}""";

        await FailsAsync(ConductorErrorCode.UnknownQueue, () => ReturnAsync(new Outcome(lease, 1, OutcomeKind.Suspended, Result: Json(what))));
    }

    private static string Text(byte[]? json) => json is null ? "null" : Encoding.UTF8.GetString(json);

    private StepSave Step(long lease, int position, string name, int ordinal = 1, string? result = "1") =>
        new(lease, position, name, ordinal, result is null ? null : Json(result), Subject.Now.UtcDateTime, Subject.Now.UtcDateTime);

    private Task<IReadOnlyList<StepEffect>> SaveAsync(params StepSave[] steps) => Client.SaveStepsAsync(Me, steps, Token);

    private async Task SuspendAsync(string what)
    {
        var lease = (await ClaimAsync()).LeaseId!.Value;
        Assert.Equal(Effect.Suspended, (await ReturnAsync(new Outcome(lease, 1, OutcomeKind.Suspended, Result: Json(what))))[0].Effect);
    }

    private async Task<Guid> SuspendOnChildAsync(TaskDefinition task, string others = "", string more = "")
    {
        var child = Guid.CreateVersion7();
        await SuspendAsync($$"""{"waits": [{{Child("c", child, task, more)}}{{others}}]}""");
        return child;
    }

    private static string Child(string name, Guid id, TaskDefinition task, string more = "") =>
        $$$"""{"name": "{{{name}}}", "ordinal": 1, "kind": "child", "started_at": "2030-01-01T00:00:00Z"{{{more}}}, "child": {"id": "{{{id}}}", "task": "{{{task.Key}}}", "payload": 5}}""";

    private async Task<(ExecutionState State, DateTimeOffset? RunAt, int Attempts)> StateAsync(Guid id)
    {
        var info = await GetAsync(id);
        return (info.State, info.RunAt, info.Attempts);
    }
}

/// <summary>Steps against the server.</summary>
public sealed class StepsOnPostgreSql() : StepTests(Backend.PostgreSql);

/// <summary>Steps against the double.</summary>
public sealed class StepsInMemory() : StepTests(Backend.InMemory);
