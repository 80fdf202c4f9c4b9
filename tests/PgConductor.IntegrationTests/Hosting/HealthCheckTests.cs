using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using PgConductor.Client;
using PgConductor.Hosting;
using PgConductor.Orchestration;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Hosting;

public sealed class HealthCheckTests
{
    private static readonly TaskDefinition<int, NoResult> _task = TaskDefinition.Create<int>("some-task");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_running_host_is_healthy_and_a_stopped_one_is_not()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var host = TestHost.Create(database, Worker, services => services.AddHealthChecks().AddPgConductor());

        Assert.Contains("has not started", (await CheckAsync(host, HealthStatus.Unhealthy)).Description, StringComparison.Ordinal);
        await host.StartAsync(Token);
        var healthy = await CheckAsync(host, HealthStatus.Healthy);
        Assert.True((int)healthy.Data["schemaVersion"] >= 1);
        await host.StopAsync(Token);
        Assert.Contains("has stopped", (await CheckAsync(host, HealthStatus.Unhealthy)).Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_schema_is_unhealthy()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        using var host = await TestHost.StartAsync(database, null, services => services.AddHealthChecks().AddPgConductor());

        Assert.Contains("the schema is not installed", (await CheckAsync(host, HealthStatus.Unhealthy)).Description, StringComparison.Ordinal);

        await host.Services.GetRequiredService<IConductor>().MigrateAsync(Token);
        await CheckAsync(host, HealthStatus.Healthy);
        await database.ExecuteAsync("delete from pgconductor.migrations");
        await database.ExecuteAsync("insert into pgconductor.migrations (version, name, checksum) values (0, 'older', '')");
        Assert.Contains("the schema is at version 0", (await CheckAsync(host, HealthStatus.Unhealthy)).Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_gone_is_unhealthy_within_the_timeout()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var host = await TestHost.StartAsync(
            database,
            builder => builder.ClientOnly().UseConnectionString("Host=127.0.0.1;Port=1;Username=nobody;Database=nothing"),
            services => services.AddHealthChecks().AddPgConductor(options: new PgConductorHealthOptions { Timeout = TimeSpan.FromMilliseconds(500) }));

        await CheckAsync(host, HealthStatus.Unhealthy);
    }

    [Fact]
    public async Task A_lagging_queue_degrades_and_a_paused_one_does_not()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var host = await TestHost.StartAsync(
            database,
            null,
            services => services.AddHealthChecks().AddPgConductor(options: new PgConductorHealthOptions { MaxLag = TimeSpan.FromMilliseconds(1) }));
        var conductor = host.Services.GetRequiredService<IConductor>();
        await conductor.CreateQueueAsync("mail", cancellationToken: Token);
        await conductor.InvokeAsync(_task, 1, new InvokeOptions { Queue = "mail" }, cancellationToken: Token);

        await Eventually.IsTrue(async () => (await ReportAsync(host)).Status == HealthStatus.Degraded, "the lag is noticed");
        Assert.Contains("the oldest execution of queue \"mail\" has been due", (await CheckAsync(host, HealthStatus.Degraded)).Description, StringComparison.Ordinal);
        await conductor.PauseQueueAsync("mail", Token);
        await CheckAsync(host, HealthStatus.Healthy);
    }

    [Fact]
    public async Task A_worker_asks_only_about_its_own_queues()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var elsewhere = database.NewConductor();
        await elsewhere.CreateQueueAsync("mail", cancellationToken: Token);
        await elsewhere.InvokeAsync(_task, 1, new InvokeOptions { Queue = "mail" }, cancellationToken: Token);
        using var host = await TestHost.StartAsync(
            database,
            Worker,
            services => services.AddHealthChecks().AddPgConductor(options: new PgConductorHealthOptions { MaxLag = TimeSpan.FromTicks(1) }));

        Assert.NotEmpty(await elsewhere.GetQueueLagAsync(cancellationToken: Token));
        await CheckAsync(host, HealthStatus.Healthy);
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task A_process_that_was_taken_over_is_unhealthy_until_it_is_registered_again()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var host = await TestHost.StartAsync(
            database,
            builder => Worker(builder.ConfigureOrchestrator(options => options with { Heartbeat = TimeSpan.FromMilliseconds(50) })),
            services => services.AddHealthChecks().AddPgConductor());
        var id = host.Services.GetRequiredService<Orchestrator>().Id;

        // As a takeover leaves it, and coming back is refused.
        await database.ExecuteAsync("alter table pgconductor.orchestrators add constraint away check (name = '') not valid");
        await database.ExecuteAsync("delete from pgconductor.orchestrators where id = $1", id);
        await Eventually.IsTrue(async () => (await ReportAsync(host)).Status == HealthStatus.Unhealthy, "the takeover is noticed");
        Assert.Contains("was taken over", (await ReportAsync(host)).Entries["pgconductor"].Description, StringComparison.Ordinal);

        await database.ExecuteAsync("alter table pgconductor.orchestrators drop constraint away");
        await Eventually.IsTrue(async () => (await ReportAsync(host)).Status == HealthStatus.Healthy, "it is back");
        await host.StopAsync(Token);
    }

    private static void Worker(PgConductorBuilder builder) => builder.AddTask(_task, (_, _) => Task.CompletedTask);

    private static async Task<HealthReportEntry> CheckAsync(IHost host, HealthStatus expected)
    {
        var entry = (await ReportAsync(host)).Entries["pgconductor"];
        Assert.True(entry.Status == expected, $"{entry.Status}: {entry.Description}");
        return entry;
    }

    private static Task<HealthReport> ReportAsync(IHost host) => host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token);
}
