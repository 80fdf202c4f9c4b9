using PgConductor.Orchestration;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Permissions;

/// <summary>sql/permissions.sql does what docs/operations/roles-and-privileges.md says.</summary>
public sealed class PermissionsTests
{
    private static readonly TaskDefinition<string, string> _task = TaskDefinition.Create<string, string>("some-task", new TaskOptions { MaxAttempts = 2, Backoff = [TimeSpan.Zero] });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_worker_and_a_client_do_their_work_under_their_roles()
    {
        await using var roles = await RoleDatabase.CreateAsync();
        await using var client = roles.NewConductor("pgconductor_client");
        await using var worker = roles.NewConductor("pgconductor_worker");
        await using var reader = roles.NewConductor("pgconductor_reader");
        var tasks = new TaskCollection().Add(_task, (text, context) =>
            context.Attempt == 1 && text.Length > 3 ? throw new InvalidOperationException("not at first") : Task.FromResult(text));
        await using var orchestrator = new Orchestrator(worker, tasks);
        await orchestrator.StartAsync(Token);

        var small = await client.InvokeAsync(_task, "abc", cancellationToken: Token);
        var large = await client.InvokeAsync(_task, new string('x', 50_000), new InvokeOptions { DedupeKey = "k" }, cancellationToken: Token);
        var many = await client.InvokeManyAsync(_task, Enumerable.Repeat("y", 600), cancellationToken: Token);

        Assert.Equal("abc", await reader.GetHandle<string>(small.Id).WaitAsync(TimeSpan.FromSeconds(60), Token));
        Assert.Equal(50_000, (await reader.GetHandle<string>(large.Id).WaitAsync(TimeSpan.FromSeconds(60), Token)).Length);
        foreach (var id in many)
        {
            await reader.GetHandle<string>(id).WaitAsync(TimeSpan.FromSeconds(60), Token);
        }

        await Eventually.IsTrue(
            async () => await roles.Database.ScalarAsync<long>("select count(*) from pg_inherits where inhparent = 'pgconductor.completed_executions'::regclass") > 10,
            "the worker's housekeeping makes partitions");
        await orchestrator.StopAsync(Token);
        Assert.Equal(0, await roles.Database.ScalarAsync<long>("select count(*) from pgconductor.orchestrators"));
    }

    [Theory]
    [InlineData("pgconductor_client", "select payload from pgconductor.executions")]
    [InlineData("pgconductor_client", "select payloads from pgconductor.leases")]
    [InlineData("pgconductor_client", "select payload from pgconductor.payloads")]
    [InlineData("pgconductor_client", "select * from pgconductor.all_executions")]
    [InlineData("pgconductor_client", "delete from pgconductor.executions")]
    [InlineData("pgconductor_client", "update pgconductor.executions set attempts = 0")]
    [InlineData("pgconductor_client", "select pgconductor.claim_executions('00000000-0000-7000-8000-0000000000b1', 'default', 1)")]
    [InlineData("pgconductor_client", "select pgconductor.cancel_execution('00000000-0000-7000-8000-0000000000b1')")]
    [InlineData("pgconductor_client", "select pgconductor.maintain()")]
    [InlineData("pgconductor_client", "select payload from pgconductor.schedules")]
    [InlineData("pgconductor_client", "select pgconductor.list_schedules()")]
    [InlineData("pgconductor_client", "select pgconductor.run_schedule('s')")]
    [InlineData("pgconductor_reader", "select pgconductor.schedule('s', 't', '@daily')")]
    [InlineData("pgconductor_reader", "select pgconductor.invoke('t')")]
    [InlineData("pgconductor_reader", "delete from pgconductor.failed_executions")]
    [InlineData("pgconductor_reader", "select pgconductor.maintain()")]
    [InlineData("pgconductor_worker", "drop table pgconductor.executions")]
    [InlineData("pgconductor_worker", "delete from pgconductor.completed_executions")]
    [InlineData("pgconductor_worker", "update pgconductor.queues set paused = true")]
    [InlineData("pgconductor_worker", "insert into pgconductor.migrations (version, name, checksum) values (9, 'x', 'y')")]
    [InlineData("pgconductor_operator", "select pgconductor.claim_executions('00000000-0000-7000-8000-0000000000b1', 'default', 1)")]
    public async Task A_role_may_not(string role, string sql)
    {
        await using var roles = await RoleDatabase.CreateAsync();

        Assert.Equal("42501", await roles.TryAsync(role, sql));
    }

    [Theory]
    [InlineData("pgconductor_reader", RoleScenarios.Reader, "")]
    [InlineData("pgconductor_operator", RoleScenarios.Operator, RoleScenarios.OperatorSetup)]
    public async Task A_role_may(string role, string scenario, string setup)
    {
        await using var roles = await RoleDatabase.CreateAsync();

        Assert.Null(await roles.TryAsync(role, scenario, setup));
    }

    [Theory]
    [InlineData("pgconductor_client", RoleScenarios.Client, RoleScenarios.Setup)]
    [InlineData("pgconductor_worker", RoleScenarios.Worker, RoleScenarios.Setup)]
    public async Task No_privilege_of_a_role_can_be_left_out(string role, string scenario, string setup)
    {
        await using var roles = await RoleDatabase.CreateAsync();
        var needless = new List<string>();

        Assert.Null(await roles.TryAsync(role, scenario, setup));
        var grants = await roles.GrantsAsync(role);
        foreach (var grant in grants)
        {
            if (await roles.TryAsync(role, scenario, $"{setup}; revoke {grant} from {role}") is null)
            {
                needless.Add(grant);
            }
        }

        Assert.True(grants.Count > 10);
        Assert.Empty(needless);
    }

    [Fact]
    public async Task Nobody_else_may_do_anything()
    {
        await using var roles = await RoleDatabase.CreateAsync();

        Assert.Equal("42501", await roles.TryAsync("pg_monitor", "select pgconductor.current_time()"));
    }
}
