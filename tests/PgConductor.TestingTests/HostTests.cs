using Npgsql;
using PgConductor.Testing;
using PgConductor.Testing.Servers;
using Xunit;

namespace PgConductor.TestingTests;

public sealed class HostTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_starts_where_it_is_told_to()
    {
        var start = new DateTimeOffset(2024, 2, 29, 23, 0, 0, TimeSpan.FromHours(2));
        await using var host = await ConductorTestHost.StartAsync(options: new ConductorTestHostOptions { Start = start }, cancellationToken: Token);

        var handle = await host.Conductor.InvokeAsync(_job, 1, cancellationToken: Token);

        Assert.Equal(start, host.Clock.GetUtcNow());
        Assert.Equal(start, (await handle.GetAsync(Token))!.CreatedAt);
    }

    [Fact]
    public async Task Two_hosts_do_not_see_each_other()
    {
        var ran = new List<string>[] { [], [] };
        var hosts = await Task.WhenAll(Enumerable.Range(0, 2).Select(number => ConductorTestHost.StartAsync(
            new TaskCollection().Add(_job, (payload, _) =>
            {
                ran[number].Add($"{number}:{payload}");
                return Task.CompletedTask;
            }),
            cancellationToken: Token)));
        await using var first = hosts[0];
        await using var second = hosts[1];

        await Task.WhenAll(first.Conductor.InvokeAsync(_job, 1, cancellationToken: Token), second.Conductor.InvokeAsync(_job, 2, cancellationToken: Token));
        await first.Clock.AdvanceAsync(TimeSpan.FromDays(1), Token);
        await Task.WhenAll(first.DrainAsync(cancellationToken: Token), second.DrainAsync(cancellationToken: Token));

        Assert.Equal(["0:1"], ran[0]);
        Assert.Equal(["1:2"], ran[1]);
        Assert.Equal(TimeSpan.FromDays(1), first.Clock.GetUtcNow() - second.Clock.GetUtcNow());
        Assert.Equal("1", (await first.Executions.SingleAsync(_job, Token)).Payload!.Value.GetRawText());
    }

    [Fact]
    public async Task Its_database_is_gone_with_it()
    {
        string connection;
        await using (var host = await ConductorTestHost.StartAsync(cancellationToken: Token))
        {
            connection = host.ConnectionString;
        }

        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connection) { Pooling = false });
        var error = await Assert.ThrowsAsync<PostgresException>(async () => await source.OpenConnectionAsync(Token));
        Assert.Equal(PostgresErrorCodes.InvalidCatalogName, error.SqlState);
    }

    [Fact]
    public async Task What_a_crashed_run_left_is_dropped_and_what_is_in_use_is_not()
    {
        await using var host = await ConductorTestHost.StartAsync(cancellationToken: Token);
        var server = await TestServer.GetAsync(null);
        var dead = $"pgconductor_test_00000001_{Guid.NewGuid():N}";
        var watched = $"pgconductor_template_00000002_{Guid.NewGuid():N}";
        await server.ExecuteAsync($"create database {dead}");
        await server.ExecuteAsync($"create database {watched}");
        await using (var looking = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server.Connect(watched).ConnectionString) { Pooling = false }.ConnectionString))
        {
            await looking.OpenAsync(Token);

            var dropped = await server.SweepAsync();

            Assert.Contains(dead, dropped);
            Assert.DoesNotContain(watched, dropped);
        }

        await host.Executions.ShouldBeNoneLeftAsync(cancellationToken: Token);
        await using var another = await ConductorTestHost.StartAsync(cancellationToken: Token);
        await server.ExecuteAsync($"drop database if exists {watched} with (force)");
    }

    [Fact]
    public async Task A_process_that_crashed_is_taken_over_once_the_clock_has_passed_and_a_living_one_is_not()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var attempts = new List<int>();
        await using var host = await ConductorTestHost.StartAsync(
            new TaskCollection().Add(_job, (_, _) =>
            {
                started.TrySetResult();
                return release.Task;
            }),
            cancellationToken: Token);
        var handle = await host.Conductor.InvokeAsync(_job, 1, cancellationToken: Token);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        await host.StartProcessAsync(
            new TaskCollection().Add(_job, (_, context) =>
            {
                attempts.Add(context.Attempt);
                return Task.CompletedTask;
            }),
            Token);

        await host.Clock.AdvanceAsync(TimeSpan.FromDays(1), Token);
        await using (var source = NpgsqlDataSource.Create(host.ConnectionString))
        {
            await using var command = source.CreateCommand("select orchestrators from pgconductor.recover_stale_orchestrators('30 seconds')");
            Assert.Equal(0, await command.ExecuteScalarAsync(Token));
        }

        Assert.Equal(ExecutionState.Running, (await handle.GetAsync(Token))!.State);

        host.GetProcesses()[0].Crash();
        await host.Clock.AdvanceAsync(TimeSpan.FromSeconds(31), Token);
        await host.DrainAsync(cancellationToken: Token);
        release.SetResult();

        Assert.Equal([2], attempts);
        await host.Executions.ShouldBeCompletedAsync(handle.Id, Token);
        await host.Executions.ShouldBeRetriedAsync(handle.Id, 1, Token);
    }

    [Fact]
    public async Task A_server_that_is_not_there_and_a_text_that_is_none_are_errors_that_say_so()
    {
        var error = await Assert.ThrowsAsync<Postgres.LocalPostgresException>(() => ConductorTestHost.StartAsync(options: new ConductorTestHostOptions { Server = "postgres://" }, cancellationToken: Token));
        Assert.Contains("connection", error.Message, StringComparison.OrdinalIgnoreCase);
        var away = await Assert.ThrowsAsync<ConductorException>(() => ConductorTestHost.StartAsync(options: new ConductorTestHostOptions { Server = "Host=127.0.0.1;Port=1;Timeout=2" }, cancellationToken: Token));
        Assert.Equal(ConductorErrorCode.Unavailable, away.Code);
        Assert.Contains("127.0.0.1:1", away.Message, StringComparison.Ordinal);
    }
}
