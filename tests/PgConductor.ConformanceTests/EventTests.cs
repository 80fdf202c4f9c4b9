using System.Text.Json.Nodes;
using PgConductor.Client;
using PgConductor.Database;
using Xunit;

namespace PgConductor.ConformanceTests;

/// <summary>Events: who is started, who is woken, what fails, whose subscriptions are whose.</summary>
public abstract class EventTests(Backend backend) : ConformanceTest(backend)
{
    [Fact]
    public async Task An_event_starts_the_tasks_whose_subscriptions_it_passes()
    {
        await RegisterAsync("a", (Kept, EventSubscription.To("paid")), (Plain, EventSubscription.To("paid") with { Fields = ["n", "none"], Filter = Has("n", 1) }), (Plain, EventSubscription.To("lost")));

        await EmitAsync("paid", """{"n":2}""");
        Assert.Equal([("kept", """{"n":2}""")], await StartedAsync());
        await EmitAsync("paid", """{"m":[2],"n":1}""");
        Assert.Equal([("kept", """{"m":[2],"n":1}"""), ("plain", """{"n":1}""")], await StartedAsync());
        await EmitAsync("nobody", "1");
        Assert.Empty(await StartedAsync());
    }

    [Fact]
    public async Task A_service_changes_only_its_own_subscriptions()
    {
        Assert.Equal(new SubscriptionReport(2, 0, 0), await RegisterAsync("a", (Kept, EventSubscription.To("x")), (Kept, EventSubscription.To("y"))));
        Assert.Equal(new SubscriptionReport(1, 0, 0), await RegisterAsync("b", (Kept, EventSubscription.To("x"))));
        Assert.Equal(default, await RegisterAsync("a", (Kept, EventSubscription.To("x")), (Kept, EventSubscription.To("y"))));
        Assert.Equal(new SubscriptionReport(0, 1, 1), await RegisterAsync("a", (Kept, EventSubscription.To("x") with { Fields = ["f"] })));

        var all = await Client.ListSubscriptionsAsync(null, Token);
        Assert.Equal([("a", "kept", "x", "x", "f"), ("b", "kept", "x", "x", "")], all.Select(item => (item.Service, item.TaskKey, item.Name, item.EventKey!, string.Join(',', item.Fields ?? []))));
        Assert.Equal("b", Assert.Single(await Client.ListSubscriptionsAsync("b", Token)).Service);
    }

    [Fact]
    public async Task What_a_subscriber_cannot_take_is_written_down_and_reported_once()
    {
        await RegisterAsync("a", (Kept, EventSubscription.To("paid") with { Fields = ["n"] }), (Plain, EventSubscription.To("paid")));

        await EmitAsync("paid", "7");

        Assert.Equal([("plain", "7")], await StartedAsync());
        var failure = Assert.Single(await Client.ListEventFailuresAsync(10, null, Token));
        Assert.Equal(("paid", "a", "kept", "paid", "PC004", 7), (failure.Source, failure.Service, failure.TaskKey, failure.Name, failure.SqlState, failure.Payload!.Value.GetInt32()));
        Assert.Equal("the payload is no object, so it has no field \"n\"", failure.Message);
        Assert.Equal((failure.Id, "paid", "kept"), Assert.Single((await Client.ReportEventFailuresAsync(Token)).Select(item => (item.Id, item.Source, item.TaskKey!))));
        Assert.Empty(await Client.ReportEventFailuresAsync(Token));
        Assert.Empty(await Client.ListEventFailuresAsync(10, failure.Id, Token));
    }

    [Fact]
    public async Task A_wait_gets_the_first_event_that_matches()
    {
        var id = await InvokeAsync(Kept);
        var lease = (await ClaimAsync()).LeaseId!.Value;
        Assert.Equal(Effect.Suspended, (await ReturnAsync(Suspended(lease, """{"waits":[{"name":"e","ordinal":1,"kind":"event","started_at":"2026-01-01T00:00:00Z","key":"paid","detail":{"match":{"contains":{"n":1}}}}]}""")))[0].Effect);
        Assert.Equal(ExecutionState.Waiting, (await GetAsync(id)).State);

        await EmitAsync("lost", """{"n":1}""");
        await EmitAsync("paid", """{"n":2}""");
        Assert.Empty((await ClaimAsync()).Executions);
        await EmitAsync("paid", """{"n":1,"first":true}""");
        await EmitAsync("paid", """{"n":1}""");

        var claimed = Assert.Single((await ClaimAsync()).Executions);
        Assert.Equal(1, claimed.Attempt);
        Assert.Equal(("e", StepKind.Event, StepState.Done, """{"n":1,"first":true}"""), claimed.Steps!.Select(step => (step.Name, step.Kind, step.State, Compact(step.Result))).Single());
    }

    [Fact]
    public async Task An_expectation_counts_from_its_registration_and_is_fenced()
    {
        var id = await InvokeAsync(Kept);
        var lease = (await ClaimAsync()).LeaseId!.Value;
        var wait = Json("""{"name":"e","ordinal":1,"kind":"event","started_at":"2026-01-01T00:00:00Z","key":"paid","seconds":60}""");

        Assert.False(await Client.ExpectEventAsync(Guid.CreateVersion7(), lease, 1, wait, Token));
        Assert.False(await Client.ExpectEventAsync(Me, lease, 2, wait, Token));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => Client.ExpectEventAsync(Me, lease, 1, Json("""{"name":"f","ordinal":1,"kind":"event","started_at":"2026-01-01T00:00:00Z","key":""}"""), Token));
        Assert.True(await Client.ExpectEventAsync(Me, lease, 1, wait, Token));
        Assert.True(await Client.ExpectEventAsync(Me, lease, 1, wait, Token));
        await EmitAsync("paid", "7");
        await ReturnAsync(Suspended(lease, """{"waits":[],"open":["e"]}"""));

        Assert.Equal("7", Compact(Assert.Single(Assert.Single((await ClaimAsync()).Executions).Steps!).Result));
        Assert.Equal(id, (await GetAsync(id)).Id);
    }

    [Fact]
    public async Task A_cancelled_execution_waits_no_more()
    {
        var id = await InvokeAsync(Kept);
        await ReturnAsync(Suspended((await ClaimAsync()).LeaseId!.Value, """{"waits":[{"name":"e","ordinal":1,"kind":"event","started_at":"2026-01-01T00:00:00Z","key":"paid"}]}"""));

        Assert.Equal(CancelOutcome.Cancelled, await Client.CancelExecutionAsync(id, "no", Token));
        await EmitAsync("paid", "1");

        Assert.Empty(await Client.LoadStepsAsync(id, Token));
        Assert.Empty((await ClaimAsync()).Executions);
    }

    [Fact]
    public async Task A_key_that_cannot_be_is_refused()
    {
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => EmitAsync("", "1"));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => EmitAsync(new string('k', 401), "1"));
    }

    private static EventFilter Has(string name, int value) => EventFilter.Containing(new JsonObject { [name] = value });

    private static Outcome Suspended(long lease, string waits) => new(lease, 1, OutcomeKind.Suspended, Json(waits));

    private static string Compact(byte[]? json) => JsonNode.Parse(json!)!.ToJsonString();

    private Task<SubscriptionReport> RegisterAsync(string service, params (TaskDefinition Task, EventSubscription Subscription)[] subscriptions) =>
        Client.RegisterSubscriptionsAsync(service, [.. subscriptions.Select(item => new SubscriptionDeclaration(item.Task.Key, item.Subscription))], Token);

    private Task EmitAsync(string key, string payload) => Client.EmitAsync([new Emission(Guid.CreateVersion7(), key, Json(payload))], null, null, Token);

    /// <summary>Claims and completes what is due: task and payload.</summary>
    private async Task<IReadOnlyList<(string Task, string Payload)>> StartedAsync()
    {
        var started = new List<(string, string)>();
        while (await ClaimAsync() is { LeaseId: { } lease } claim)
        {
            started.AddRange(claim.Executions.Select(item => (item.TaskKey, Compact(item.Payload))));
            await ReturnAsync([.. claim.Executions.Select(item => new Outcome(lease, item.Position, OutcomeKind.Completed))]);
        }

        started.Sort();
        return started;
    }
}

/// <summary>Events against the server.</summary>
public sealed class EventsOnPostgreSql() : EventTests(Backend.PostgreSql);

/// <summary>Events against the double.</summary>
public sealed class EventsInMemory() : EventTests(Backend.InMemory);
