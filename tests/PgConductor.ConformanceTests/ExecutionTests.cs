using PgConductor.Client;
using PgConductor.Database;
using Xunit;

namespace PgConductor.ConformanceTests;

/// <summary>Reading, counting, cancelling and retrying executions.</summary>
public abstract class ExecutionTests(Backend backend) : ConformanceTest(backend)
{
    [Fact]
    public async Task What_is_not_known_is_null()
    {
        Assert.Null(await Client.GetExecutionAsync(Guid.CreateVersion7(), Token));
    }

    [Fact]
    public async Task Lists_are_newest_first_and_filtered_and_paged()
    {
        await Client.CreateQueueAsync("q", false, Token);
        var plain = await InvokeAsync(Plain);
        var kept = await InvokeAsync(Kept);
        var elsewhere = (await InvokeAsync(Make(Kept, queue: "q"))).Id;
        var later = (await InvokeAsync(Make(Kept, runAt: Subject.Now + TimeSpan.FromDays(1)))).Id;
        var ids = new[] { plain, kept, elsewhere, later }.OrderDescending().ToArray();

        Assert.Equal(ids, await ListAsync(new ExecutionQuery()));
        Assert.Equal([plain], await ListAsync(new ExecutionQuery { TaskKey = "plain" }));
        Assert.Equal([elsewhere], await ListAsync(new ExecutionQuery { Queue = "q" }));
        Assert.Equal([later], await ListAsync(new ExecutionQuery { State = ExecutionState.Scheduled }));
        Assert.Equal(ids[..2], await ListAsync(new ExecutionQuery { Limit = 2 }));
        Assert.Equal(ids[2..], await ListAsync(new ExecutionQuery { Before = ids[1] }));
        Assert.Empty(await ListAsync(new ExecutionQuery { State = ExecutionState.Waiting }));
        Assert.All(await Client.ListExecutionsAsync(new ExecutionQuery(), Token), info => Assert.Equal((null, null, null, null), (info.Payload, info.Result, info.Errors, info.MaxAttempts)));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => ListAsync(new ExecutionQuery { Limit = 0 }));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => ListAsync(new ExecutionQuery { Limit = 1001 }));
    }

    [Fact]
    public async Task Every_state_is_listed_and_counted()
    {
        await SettleAsync(Kept, OutcomeKind.Completed);
        await SettleAsync(Kept, OutcomeKind.Dead);
        await SettleAsync(Kept, OutcomeKind.Cancelled);
        await InvokeAsync(Kept);
        await ClaimAsync();
        await InvokeAsync(Kept);
        await InvokeAsync(Plain);
        await InvokeAsync(Plain);
        await InvokeAsync(Make(Plain, runAt: Subject.Now + TimeSpan.FromDays(1)));

        ExecutionCount[] expected =
        [
            new("default", "kept", ExecutionState.Cancelled, 1),
            new("default", "kept", ExecutionState.Completed, 1),
            new("default", "kept", ExecutionState.Failed, 1),
            new("default", "kept", ExecutionState.Ready, 1),
            new("default", "kept", ExecutionState.Running, 1),
            new("default", "plain", ExecutionState.Ready, 2),
            new("default", "plain", ExecutionState.Scheduled, 1),
        ];
        Assert.Equal(expected, (await Client.CountExecutionsAsync(null, null, Token)).OrderBy(count => count.TaskKey, StringComparer.Ordinal).ThenBy(count => $"{count.State}", StringComparer.Ordinal));
        Assert.Equal(2, (await Client.CountExecutionsAsync("default", "plain", Token)).Count);
        Assert.Empty(await Client.CountExecutionsAsync("q", null, Token));
        foreach (var state in new[] { ExecutionState.Cancelled, ExecutionState.Completed, ExecutionState.Failed, ExecutionState.Running })
        {
            Assert.Equal(state, Assert.Single(await Client.ListExecutionsAsync(new ExecutionQuery { State = state }, Token)).State);
        }
    }

    [Fact]
    public async Task A_waiting_execution_is_cancelled_at_once()
    {
        var id = (await InvokeAsync(Make(Kept, dedupeKey: "k"))).Id;

        Assert.Equal(CancelOutcome.Cancelled, await Client.CancelExecutionAsync(id, "not needed", Token));

        var info = await GetAsync(id);
        Assert.Equal((ExecutionState.Cancelled, "not needed", null, Subject.Now), (info.State, info.Reason, info.StartedAt, info.FinishedAt!.Value));
        Assert.Null((await ClaimAsync()).LeaseId);
        Assert.Equal(CancelOutcome.Finished, await Client.CancelExecutionAsync(id, "again", Token));
        Assert.Equal("not needed", (await GetAsync(id)).Reason);
        Assert.Equal(InvokeDisposition.Created, (await InvokeAsync(Make(Kept, dedupeKey: "k"))).Disposition);
    }

    [Fact]
    public async Task What_never_was_is_unknown()
    {
        Assert.Equal(CancelOutcome.Unknown, await Client.CancelExecutionAsync(Guid.CreateVersion7(), "why", Token));
        await FailsAsync(ConductorErrorCode.NotFound, () => Client.RetryExecutionAsync(Guid.CreateVersion7(), Token));
    }

    [Theory]
    [InlineData(nameof(OutcomeKind.Dead))]
    [InlineData(nameof(OutcomeKind.Cancelled))]
    public async Task A_dead_letter_is_retried_with_all_its_attempts_again(string outcome)
    {
        var kind = Enum.Parse<OutcomeKind>(outcome);
        var (id, _) = await SettleAsync(Kept, kind, error: Error("it was"));
        await Subject.AdvanceAsync(TimeSpan.FromMinutes(1));

        await Client.RetryExecutionAsync(id, Token);

        var info = await GetAsync(id);
        Assert.Equal((ExecutionState.Ready, 0, Subject.Now, Subject.Start), (info.State, info.Attempts, info.RunAt!.Value, info.CreatedAt));
        Assert.Equal(kind == OutcomeKind.Dead ? "it was" : null, info.Reason);
        Assert.Equal(1, Assert.Single((await ClaimAsync()).Executions).Attempt);
        await FailsAsync(ConductorErrorCode.NotFound, () => Client.RetryExecutionAsync(id, Token));
    }

    [Fact]
    public async Task What_completed_is_not_retried()
    {
        var (id, _) = await SettleAsync(Kept, OutcomeKind.Completed);

        await FailsAsync(ConductorErrorCode.NotFound, () => Client.RetryExecutionAsync(id, Token));
    }

    [Fact]
    public async Task A_dead_letter_whose_dedupe_key_is_taken_stays_one()
    {
        var first = (await InvokeAsync(Make(Kept, dedupeKey: "k"))).Id;
        await Client.CancelExecutionAsync(first, "away", Token);
        var second = (await InvokeAsync(Make(Kept, dedupeKey: "k"))).Id;

        await FailsAsync(ConductorErrorCode.DedupeConflict, () => Client.RetryExecutionAsync(first, Token));
        Assert.Equal(ExecutionState.Cancelled, (await GetAsync(first)).State);

        await Client.CancelExecutionAsync(second, "away", Token);
        await Client.RetryExecutionAsync(first, Token);
        Assert.Equal(first, (await InvokeAsync(Make(Kept, dedupeKey: "k"))).Id);
    }

    [Fact]
    public async Task A_dead_letter_whose_queue_was_dropped_stays_one()
    {
        await Client.CreateQueueAsync("q", false, Token);
        var id = (await InvokeAsync(Make(Kept, queue: "q"))).Id;
        Assert.True(await Client.DropQueueAsync("q", force: true, Token));

        await FailsAsync(ConductorErrorCode.UnknownQueue, () => Client.RetryExecutionAsync(id, Token));
        Assert.Equal(ExecutionState.Cancelled, (await GetAsync(id)).State);
    }

    private async Task<Guid[]> ListAsync(ExecutionQuery query) => [.. (await Client.ListExecutionsAsync(query, Token)).Select(info => info.Id)];
}

/// <summary>Execution against the server.</summary>
public sealed class ExecutionOnPostgreSql() : ExecutionTests(Backend.PostgreSql);

/// <summary>Execution against the double.</summary>
public sealed class ExecutionInMemory() : ExecutionTests(Backend.InMemory);
