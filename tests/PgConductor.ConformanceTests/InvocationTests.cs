using System.Text;
using PgConductor.Client;
using PgConductor.Database;
using Xunit;

namespace PgConductor.ConformanceTests;

/// <summary>Enqueueing: what is made, what is refused, and who has a dedupe key.</summary>
public abstract class InvocationTests(Backend backend) : ConformanceTest(backend)
{
    [Fact]
    public async Task An_invoke_makes_a_ready_execution_with_all_that_was_given()
    {
        var outcome = await InvokeAsync(Make(Kept, """{"b":[1,null],"a":"ä"}""", priority: 7, maxAttempts: 2, dedupeKey: "k"));

        Assert.Equal(InvokeDisposition.Created, outcome.Disposition);
        var info = await GetAsync(outcome.Id);
        Assert.Equal((ExecutionState.Ready, "default", "kept", 7, 0, 2, "k"), (info.State, info.Queue, info.TaskKey, info.Priority, info.Attempts, info.MaxAttempts, info.DedupeKey));
        Assert.Equal((Subject.Now, Subject.Now), (info.RunAt!.Value, info.CreatedAt));
        Assert.Equal((null, null, null, null, null, null), (info.StartedAt, info.FinishedAt, info.OrchestratorId, info.Reason, info.Result?.GetRawText(), info.Errors?.GetRawText()));
        Assert.Equal("ä", info.Payload!.Value.GetProperty("a").GetString());
        Assert.Equal(2, info.Payload.Value.GetProperty("b").GetArrayLength());
    }

    [Fact]
    public async Task Without_its_own_limit_an_execution_has_its_tasks()
    {
        Assert.Equal(3, (await GetAsync(await InvokeAsync(Kept))).MaxAttempts);
    }

    [Fact]
    public async Task What_its_process_may_have_now_is_claimed_with_its_invoke()
    {
        var invocation = Make(Kept, """{"x":1}""", priority: 7, maxAttempts: 2) with { TraceParent = "00-trace" };

        var claim = await Client.InvokeAndClaimAsync(Me, "default", invocation, Token);

        var execution = Assert.Single(claim.Executions);
        Assert.NotNull(claim.LeaseId);
        Assert.Equal((1, invocation.Id, "kept", 1, "00-trace"), (execution.Position, execution.Id, execution.TaskKey, execution.Attempt, execution.TraceParent));
        Assert.Equal((Subject.Now.UtcDateTime, Subject.Now.UtcDateTime, DateTimeKind.Utc), (execution.CreatedAt, execution.RunAt, execution.CreatedAt.Kind));
        Assert.Equal("""{"x":1}""", Encoding.UTF8.GetString(execution.Payload).Replace(" ", "", StringComparison.Ordinal));
        var info = await GetAsync(invocation.Id);
        Assert.Equal((ExecutionState.Running, "default", 7, 1, 2, Me, Subject.Now), (info.State, info.Queue, info.Priority, info.Attempts, info.MaxAttempts, info.OrchestratorId!.Value, info.StartedAt!.Value));
        Assert.Empty((await ClaimAsync()).Executions);
        Assert.Equal(Effect.Retried, Assert.Single(await ReturnAsync(new Outcome(claim.LeaseId.Value, 1, OutcomeKind.Failed, Error: Error("no")))).Effect);
        Assert.Equal((ExecutionState.Scheduled, 1, 7), await StateAsync(invocation.Id));

        async Task<(ExecutionState State, int Attempts, int Priority)> StateAsync(Guid id)
        {
            var now = await GetAsync(id);
            return (now.State, now.Attempts, now.Priority);
        }
    }

    public static TheoryData<string> Unclaimed => ["another queue", "a queue it does not serve", "a process that is not registered", "a paused queue", "a task it does not run", "a large payload"];

    [Theory]
    [MemberData(nameof(Unclaimed))]
    public async Task What_its_process_may_not_have_now_is_enqueued(string what)
    {
        await Client.CreateQueueAsync("mail", false, Token);
        if (what == "a paused queue")
        {
            await Client.PauseQueueAsync("default", Token);
        }

        var invocation = what switch
        {
            "another queue" => Make(Plain, queue: "mail"),
            "a task it does not run" => Make(TaskDefinition.Create<int>("foreign")),
            "a large payload" => Make(Plain, $"\"{new string('x', 9000)}\""),
            _ => Make(Plain),
        };
        var claim = await Client.InvokeAndClaimAsync(what == "a process that is not registered" ? Guid.CreateVersion7() : Me, what == "a queue it does not serve" ? "mail" : "default", invocation, Token);

        Assert.Null(claim.LeaseId);
        Assert.Empty(claim.Executions);
        Assert.Equal(ExecutionState.Ready, (await GetAsync(invocation.Id)).State);
    }

    [Fact]
    public async Task A_claim_with_an_invoke_refuses_what_an_execution_cannot_be()
    {
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => Client.InvokeAndClaimAsync(Me, "default", Make(Plain, priority: 101), Token));
        await FailsAsync(ConductorErrorCode.UnknownQueue, () => Client.InvokeAndClaimAsync(Me, "default", Make(Plain, queue: "nowhere"), Token));

        Assert.Empty(await Client.ListExecutionsAsync(new ExecutionQuery(), Token));
    }

    [Fact]
    public async Task Work_of_later_is_scheduled_until_its_time()
    {
        var id = (await InvokeAsync(Make(Plain, runAt: Subject.Now + TimeSpan.FromMinutes(1)))).Id;

        Assert.Equal(ExecutionState.Scheduled, (await GetAsync(id)).State);
        Assert.Empty((await ClaimAsync()).Executions);
        await Subject.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(ExecutionState.Ready, (await GetAsync(id)).State);
        Assert.Equal(id, Assert.Single((await ClaimAsync()).Executions).Id);
    }

    [Fact]
    public async Task The_past_means_now()
    {
        var id = (await InvokeAsync(Make(Plain, runAt: Subject.Now - TimeSpan.FromDays(1)))).Id;

        Assert.Equal(Subject.Now, (await GetAsync(id)).RunAt);
    }

    [Fact]
    public async Task A_task_nobody_registered_is_known_with_the_defaults()
    {
        var task = TaskDefinition.Create<int>("new");
        await InvokeAsync(task);

        var info = Assert.Single(await Client.ListTasksAsync(Token), candidate => candidate.Key == "new");
        Assert.Equal(("default", 5, 0L, false), (info.Queue, info.MaxAttempts, info.Workers, info.Paused));
        Assert.Equal((Retention.For(TimeSpan.FromDays(1)), Retention.For(TimeSpan.FromDays(14))), (info.KeepCompleted, info.KeepFailed));
        Assert.Empty(info.Windows);
        Assert.Equal(("UTC", true, null), (info.TimeZone, info.IsOpen, info.ChangesAt));
    }

    [Fact]
    public async Task An_unknown_queue_is_refused_and_nothing_is_made()
    {
        await FailsAsync(ConductorErrorCode.UnknownQueue, () => InvokeAsync(Make(TaskDefinition.Create<int>("new"), queue: "nowhere")));
        await FailsAsync(ConductorErrorCode.UnknownQueue, () => Client.InvokeManyAsync([Make(Plain), Make(Plain, queue: "nowhere")], DedupePolicy.ReturnExisting, null, Token));

        Assert.Empty(await Client.ListExecutionsAsync(new ExecutionQuery(), Token));
        Assert.DoesNotContain(await Client.ListTasksAsync(Token), task => task.Key == "new");
    }

    public static TheoryData<string> Impossible => ["priority 101", "priority -101", "attempts 0", "attempts 32768", "key empty", "key 1001", "runAt max", "runAt min"];

    [Theory]
    [MemberData(nameof(Impossible))]
    public async Task What_an_execution_cannot_be_is_refused(string what)
    {
        var invocation = what switch
        {
            "priority 101" => Make(Plain, priority: 101),
            "priority -101" => Make(Plain, priority: -101),
            "attempts 0" => Make(Plain, maxAttempts: 0),
            "attempts 32768" => Make(Plain, maxAttempts: 32768),
            "key empty" => Make(Plain, dedupeKey: ""),
            "key 1001" => Make(Plain, dedupeKey: new string('k', 1001)),
            "runAt max" => Make(Plain, runAt: DateTimeOffset.MaxValue),
            _ => Make(Plain, runAt: DateTimeOffset.MinValue),
        };

        await FailsAsync(ConductorErrorCode.InvalidArgument, () => InvokeAsync(invocation));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => Client.InvokeManyAsync([Make(Plain), invocation], DedupePolicy.ReturnExisting, null, Token));
        Assert.Empty(await Client.ListExecutionsAsync(new ExecutionQuery(), Token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?")]
    [InlineData("200 and more")]
    public async Task What_a_task_key_cannot_be_is_refused(string key)
    {
        var invocation = Make(Plain) with { TaskKey = key == "200 and more" ? new string('x', 201) : key };

        await FailsAsync(ConductorErrorCode.InvalidArgument, () => InvokeAsync(invocation));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => Client.InvokeManyAsync([invocation], DedupePolicy.ReturnExisting, null, Token));
    }

    [Fact]
    public async Task A_payload_that_jsonb_cannot_hold_is_refused_as_the_servers_error()
    {
        await FailsAsync(ConductorErrorCode.Database, () => InvokeAsync(Make(Plain, "\"\\u0000\"")));
        await FailsAsync(ConductorErrorCode.Database, () => Client.InvokeManyAsync([Make(Plain), Make(Plain, "\"\\ud800\"")], DedupePolicy.ReturnExisting, null, Token));

        Assert.Empty(await Client.ListExecutionsAsync(new ExecutionQuery(), Token));
    }

    [Fact]
    public async Task The_same_id_while_it_waits_is_existing()
    {
        var invocation = Make(Plain);
        await InvokeAsync(invocation);

        Assert.Equal(new InvokeOutcome(invocation.Id, InvokeDisposition.Existing), await InvokeAsync(invocation));
        Assert.Single(await Client.ListExecutionsAsync(new ExecutionQuery(), Token));
    }

    [Theory]
    [InlineData(ExecutionState.Running)]
    [InlineData(ExecutionState.Completed)]
    [InlineData(ExecutionState.Failed)]
    public async Task A_callers_own_id_is_existing_in_every_state(ExecutionState state)
    {
        var invocation = Make(Kept, mayBeKnown: true);
        await InvokeAsync(invocation);
        var claim = await ClaimAsync();
        if (state != ExecutionState.Running)
        {
            await ReturnAsync(new Outcome(claim.LeaseId!.Value, 1, state == ExecutionState.Completed ? OutcomeKind.Completed : OutcomeKind.Dead));
        }

        Assert.Equal(InvokeDisposition.Existing, (await InvokeAsync(invocation)).Disposition);
        var batch = await Client.InvokeManyAsync([Make(Kept), invocation], DedupePolicy.ReturnExisting, null, Token);
        Assert.Equal([InvokeDisposition.Created, InvokeDisposition.Existing], batch.Select(outcome => outcome.Disposition));
        Assert.Equal(state, (await GetAsync(invocation.Id)).State);
        Assert.Single((await ClaimAsync()).Executions);
    }

    [Theory]
    [InlineData(DedupePolicy.ReturnExisting, false, InvokeDisposition.Existing)]
    [InlineData(DedupePolicy.ReturnExisting, true, InvokeDisposition.Existing)]
    [InlineData(DedupePolicy.ReplacePending, false, InvokeDisposition.Replaced)]
    [InlineData(DedupePolicy.ReplacePending, true, InvokeDisposition.Created)]
    public async Task A_taken_dedupe_key_is_decided_by_policy(DedupePolicy policy, bool running, InvokeDisposition expected)
    {
        var first = await InvokeAsync(Make(Kept, "1", dedupeKey: "k"));
        if (running)
        {
            await ClaimAsync();
        }

        var second = Make(Kept, "2", dedupeKey: "k", priority: 9, runAt: Subject.Now + TimeSpan.FromHours(1), maxAttempts: 1);
        var outcome = await InvokeAsync(second, policy);

        Assert.Equal(expected, outcome.Disposition);
        Assert.Equal(expected == InvokeDisposition.Created ? second.Id : first.Id, outcome.Id);
        var holder = await GetAsync(outcome.Id);
        var isNew = expected != InvokeDisposition.Existing;
        Assert.Equal((isNew ? "2" : "1", isNew ? 9 : 0, isNew ? 1 : 3), (holder.Payload!.Value.GetRawText(), holder.Priority, holder.MaxAttempts));
        Assert.Equal(isNew ? Subject.Now + TimeSpan.FromHours(1) : Subject.Now, holder.RunAt);
        Assert.Equal(expected == InvokeDisposition.Created ? 2 : 1, (await Client.ListExecutionsAsync(new ExecutionQuery(), Token)).Count);
        Assert.Equal(outcome.Id, (await InvokeAsync(Make(Kept, dedupeKey: "k"))).Id);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reject_is_an_error_that_names_the_key(bool running)
    {
        var first = await InvokeAsync(Make(Kept, dedupeKey: "the key"));
        if (running)
        {
            await ClaimAsync();
        }

        var exception = await FailsAsync(ConductorErrorCode.DedupeConflict, () => InvokeAsync(Make(Kept, dedupeKey: "the key"), DedupePolicy.Reject));
        Assert.Contains("the key", exception.Message, StringComparison.Ordinal);
        Assert.Contains(first.Id.ToString(), exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dedupe_key_is_its_tasks_own()
    {
        await InvokeAsync(Make(Kept, dedupeKey: "k"));

        Assert.Equal(InvokeDisposition.Created, (await InvokeAsync(Make(Plain, dedupeKey: "k"), DedupePolicy.Reject)).Disposition);
    }

    [Theory]
    [InlineData(nameof(OutcomeKind.Completed), true)]
    [InlineData(nameof(OutcomeKind.Dead), true)]
    [InlineData(nameof(OutcomeKind.Cancelled), true)]
    [InlineData(nameof(OutcomeKind.Failed), false)]
    [InlineData(nameof(OutcomeKind.Released), false)]
    public async Task An_outcome_frees_the_dedupe_key_and_a_retry_does_not(string outcome, bool frees)
    {
        var kind = Enum.Parse<OutcomeKind>(outcome);
        var first = await InvokeAsync(Make(Kept, dedupeKey: "k"));
        var claim = await ClaimAsync();
        await ReturnAsync(new Outcome(claim.LeaseId!.Value, 1, kind));

        var second = await InvokeAsync(Make(Kept, dedupeKey: "k"));
        Assert.Equal(frees ? InvokeDisposition.Created : InvokeDisposition.Existing, second.Disposition);
        Assert.Equal(frees, second.Id != first.Id);
    }

    [Fact]
    public async Task The_old_holders_outcome_leaves_the_key_to_the_one_that_took_it_over()
    {
        await InvokeAsync(Make(Kept, dedupeKey: "k"));
        var claim = await ClaimAsync();
        var second = await InvokeAsync(Make(Kept, dedupeKey: "k"), DedupePolicy.ReplacePending);
        await ReturnAsync(new Outcome(claim.LeaseId!.Value, 1, OutcomeKind.Completed));

        Assert.Equal(new InvokeOutcome(second.Id, InvokeDisposition.Existing), await InvokeAsync(Make(Kept, dedupeKey: "k")));
    }

    [Fact]
    public async Task A_batch_keeps_its_order_and_says_created_of_each()
    {
        var invocations = Enumerable.Range(0, 50).Select(n => Make(n % 2 == 0 ? Plain : Kept, $"{n}")).ToArray();
        var outcomes = await Client.InvokeManyAsync(invocations, DedupePolicy.ReturnExisting, null, Token);

        Assert.Equal(invocations.Select(invocation => new InvokeOutcome(invocation.Id, InvokeDisposition.Created)), outcomes);
        Assert.Equal(invocations.Select(invocation => invocation.Id), (await ClaimAsync()).Executions.Select(execution => execution.Id));
        Assert.Empty(await Client.InvokeManyAsync([], DedupePolicy.ReturnExisting, null, Token));
    }

    [Fact]
    public async Task A_batch_with_an_id_that_waits_is_refused_as_a_whole()
    {
        var invocation = Make(Plain);
        await InvokeAsync(invocation);

        await FailsAsync(ConductorErrorCode.Database, () => Client.InvokeManyAsync([Make(Plain), invocation], DedupePolicy.ReturnExisting, null, Token));
        Assert.Single(await Client.ListExecutionsAsync(new ExecutionQuery(), Token));
    }

    [Fact]
    public async Task A_large_batch_is_like_a_small_one()
    {
        var later = Subject.Now + TimeSpan.FromHours(1);
        var invocations = Enumerable.Range(0, 1200).Select(n => Make(TaskDefinition.Create<int>($"new {n % 3}"), $"{n}", priority: n % 5 == 0 ? 1 : 0, runAt: n % 7 == 0 ? later : null, maxAttempts: n % 2 == 0 ? 9 : null)).ToArray();
        await RegisterAsync(Me, Enumerable.Range(0, 3).Select(n => (TaskDefinition)TaskDefinition.Create<int>($"new {n}")).ToArray());
        var outcomes = await Client.InvokeManyAsync(invocations, DedupePolicy.ReturnExisting, null, Token);

        Assert.Equal(invocations.Select(invocation => new InvokeOutcome(invocation.Id, InvokeDisposition.Created)), outcomes);
        var expected = invocations.Where(invocation => invocation.RunAt is null).OrderByDescending(invocation => invocation.Priority).Select(invocation => invocation.Id);
        Assert.Equal(expected, (await ClaimAsync(2000)).Executions.Select(execution => execution.Id));
        var info = await GetAsync(invocations[14].Id);
        Assert.Equal((ExecutionState.Scheduled, later, 9, 14, Subject.Now), (info.State, info.RunAt!.Value, info.MaxAttempts, info.Payload!.Value.GetInt32(), info.CreatedAt));

        foreach (var (code, bad) in new[]
        {
            (ConductorErrorCode.UnknownQueue, Make(Plain, queue: "nowhere")),
            (ConductorErrorCode.Database, Make(Plain, "\"\\u0000\"")),
            (ConductorErrorCode.Database, Make(Plain, id: invocations[14].Id)),
        })
        {
            await FailsAsync(code, () => Client.InvokeManyAsync([.. Enumerable.Range(0, 700).Select(_ => Make(Plain)), bad], DedupePolicy.ReturnExisting, null, Token));
        }

        Assert.DoesNotContain(await Client.CountExecutionsAsync(null, "plain", Token), _ => true);
    }

    [Fact]
    public async Task Items_of_a_batch_with_dedupe_keys_are_decided_in_order()
    {
        var items = new[] { Make(Kept, "1", dedupeKey: "a"), Make(Kept, "2"), Make(Kept, "3", dedupeKey: "a"), Make(Kept, "4", dedupeKey: "b") };

        var existing = await Client.InvokeManyAsync(items, DedupePolicy.ReturnExisting, null, Token);
        Assert.Equal([InvokeDisposition.Created, InvokeDisposition.Created, InvokeDisposition.Existing, InvokeDisposition.Created], existing.Select(outcome => outcome.Disposition));
        Assert.Equal(items[0].Id, existing[2].Id);

        var replaced = await Client.InvokeManyAsync([Make(Kept, "5", dedupeKey: "a")], DedupePolicy.ReplacePending, null, Token);
        Assert.Equal(new InvokeOutcome(items[0].Id, InvokeDisposition.Replaced), Assert.Single(replaced));
        Assert.Equal("5", (await GetAsync(items[0].Id)).Payload!.Value.GetRawText());
    }

    [Fact]
    public async Task A_conflict_in_a_batch_takes_everything_back()
    {
        var holder = await InvokeAsync(Make(Kept, "1", dedupeKey: "taken"));
        var items = new[] { Make(Plain), Make(TaskDefinition.Create<int>("new"), dedupeKey: "free"), Make(Kept, dedupeKey: "taken") };

        await FailsAsync(ConductorErrorCode.DedupeConflict, () => Client.InvokeManyAsync(items, DedupePolicy.Reject, null, Token));

        Assert.Equal(holder.Id, Assert.Single(await Client.ListExecutionsAsync(new ExecutionQuery(), Token)).Id);
        Assert.DoesNotContain(await Client.ListTasksAsync(Token), task => task.Key == "new");
        Assert.Equal(InvokeDisposition.Created, (await InvokeAsync(Make(TaskDefinition.Create<int>("new"), dedupeKey: "free"), DedupePolicy.Reject)).Disposition);
    }
}

/// <summary>Invocation against the server.</summary>
public sealed class InvocationOnPostgreSql() : InvocationTests(Backend.PostgreSql);

/// <summary>Invocation against the double.</summary>
public sealed class InvocationInMemory() : InvocationTests(Backend.InMemory);
