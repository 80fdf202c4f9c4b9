using System.Diagnostics;
using Npgsql;
using PgConductor.Database;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.DatabaseClient;

/// <summary>What errors become, as a real server raises them, and what is retried.</summary>
public sealed class ErrorTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job");

    private static CancellationToken Token => TestEngine.Token;

    public static TheoryData<string> TransientStates => [.. SqlStateMap.Transient.Keys, "57014"];

    [Theory]
    [MemberData(nameof(TransientStates))]
    public async Task A_transient_state_is_retried_until_the_call_succeeds(string state)
    {
        await using var engine = await TestEngine.CreateAsync();
        await FailInvokesAsync(engine, state, times: 2);

        var handle = await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: Token);

        Assert.Equal(3, await engine.Database.ScalarAsync<long>("select last_value from public.failures"));
        Assert.Equal(1, await engine.CountAsync("executions", $"id = '{handle.Id}'"));
    }

    [Theory]
    [InlineData("42501", ConductorErrorCode.Database)]
    [InlineData("23505", ConductorErrorCode.Database)]
    [InlineData("22P02", ConductorErrorCode.Database)]
    [InlineData("P0001", ConductorErrorCode.Database)]
    [InlineData("XX000", ConductorErrorCode.Database)]
    [InlineData("42883", ConductorErrorCode.Schema)]
    [InlineData("42P01", ConductorErrorCode.Schema)]
    [InlineData("PC002", ConductorErrorCode.UnknownQueue)]
    [InlineData("PC004", ConductorErrorCode.InvalidArgument)]
    public async Task Any_other_state_is_thrown_at_once_with_its_code(string state, string code)
    {
        await using var engine = await TestEngine.CreateAsync();
        await FailInvokesAsync(engine, state, times: 2);

        var error = await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.InvokeAsync(_job, 1, cancellationToken: Token));

        Assert.Equal((code, false), (error.Code, error.IsTransient));
        Assert.Equal(state, Assert.IsType<PostgresException>(error.InnerException).SqlState);
        Assert.Equal(1, await engine.Database.ScalarAsync<long>("select last_value from public.failures"));
    }

    [Fact]
    public async Task A_transient_error_that_stays_is_thrown_after_the_retry_time()
    {
        await using var engine = await TestEngine.CreateAsync(options => options with { RetryTimeout = TimeSpan.FromSeconds(2) });

        // The connection is open and the code is compiled: on a slow machine the first call alone would use up the time.
        await engine.Conductor.InvokeAsync(_job, 0, cancellationToken: Token);
        await FailInvokesAsync(engine, "40P01", times: 1_000_000);

        var clock = Stopwatch.StartNew();
        var error = await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.InvokeAsync(_job, 1, cancellationToken: Token));

        Assert.Equal((ConductorErrorCode.Database, true), (error.Code, error.IsTransient));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"it took {clock.Elapsed}");
        Assert.True(await engine.Database.ScalarAsync<long>("select last_value from public.failures") > 2);
    }

    [Fact]
    public async Task A_terminated_backend_costs_a_retry()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Database.ExecuteAsync("""
            create sequence public.failures;
            create function public.fail() returns trigger language plpgsql as $$
            begin
                if nextval('public.failures') <= 2 then perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(5); end if;
                return null;
            end $$;
            create trigger fail after insert on pgconductor.executions for each statement execute function public.fail();
            """);

        var handle = await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: Token);

        Assert.Equal(1, await engine.CountAsync("executions", $"id = '{handle.Id}'"));
    }

    [Fact]
    public async Task A_statement_that_is_blocked_ends_with_a_timeout_that_says_what_to_do()
    {
        await using var engine = await TestEngine.CreateAsync(options => options with { StatementTimeout = TimeSpan.FromMilliseconds(300), RetryTimeout = TimeSpan.Zero });
        await using var connection = await engine.Database.DataSource.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var command = new NpgsqlCommand("lock table pgconductor.executions in access exclusive mode", connection, transaction))
        {
            await command.ExecuteNonQueryAsync(Token);
        }

        var error = await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.InvokeAsync(_job, 1, cancellationToken: Token));

        Assert.Equal((ConductorErrorCode.Timeout, true), (error.Code, error.IsTransient));
        Assert.Contains("StatementTimeout", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_and_one_that_refuses_are_told_apart()
    {
        await using var nowhere = new Client.Conductor(new ConductorOptions { ConnectionString = "Host=127.0.0.1;Port=1;Username=u;Database=d;Timeout=2", RetryTimeout = TimeSpan.Zero });
        var away = await Assert.ThrowsAsync<ConductorException>(() => nowhere.InvokeAsync(_job, 1, cancellationToken: Token));
        Assert.Equal((ConductorErrorCode.Unavailable, true), (away.Code, away.IsTransient));

        await using var engine = await TestEngine.CreateAsync();
        var builder = new NpgsqlConnectionStringBuilder(engine.Database.ConnectionString) { Database = "no_such_database" };
        await using var wrong = new Client.Conductor(new ConductorOptions { ConnectionString = builder.ConnectionString });
        var refused = await Assert.ThrowsAsync<ConductorException>(() => wrong.InvokeAsync(_job, 1, cancellationToken: Token));
        Assert.Equal((ConductorErrorCode.Unavailable, false), (refused.Code, refused.IsTransient));
        Assert.Contains("no_such_database", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exhausted_pool_is_named_and_heartbeats_go_on()
    {
        await using var engine = await TestEngine.CreateAsync();
        var builder = new NpgsqlConnectionStringBuilder(engine.Database.ConnectionString) { MaxPoolSize = 2, Timeout = 5 };
        var conductor = engine.NewConductor(options => options with { ConnectionString = builder.ConnectionString, RetryTimeout = TimeSpan.Zero });
        var orchestrator = await engine.StartAsync(
            new TaskCollection().Add(_job, (_, _) => Task.CompletedTask),
            options => options with { Heartbeat = TimeSpan.FromMilliseconds(200), Worker = new WorkerOptions { MaxPollInterval = TimeSpan.FromSeconds(30), MinPollInterval = TimeSpan.FromSeconds(30) } },
            conductor);
        await using var connection = await engine.Database.DataSource.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);

        // The row and not the table: what only reads queues, such as housekeeping, does not wait and takes no place in the pool.
        await using (var command = new NpgsqlCommand("select 1 from pgconductor.queues where name = 'default' for update", connection, transaction))
        {
            await command.ExecuteNonQueryAsync(Token);
        }

        var hanging = Enumerable.Range(0, 2).Select(_ => conductor.PauseQueueAsync("default", Token)).ToArray();
        await Eventually.IsTrue(async () => await engine.Database.ScalarAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%pause_queue%'") == 2, "the pool is used up");
        var error = await Assert.ThrowsAsync<ConductorException>(() => conductor.ListTasksAsync(Token));

        Assert.Equal((ConductorErrorCode.PoolExhausted, true), (error.Code, error.IsTransient));
        Assert.Contains("Maximum Pool Size", error.Message, StringComparison.Ordinal);
        var before = await engine.Database.ScalarAsync<DateTime>("select last_heartbeat_at from pgconductor.orchestrators");
        await Eventually.IsTrue(async () => await engine.Database.ScalarAsync<DateTime>("select last_heartbeat_at from pgconductor.orchestrators") > before, "a heartbeat arrives", 20);
        await transaction.RollbackAsync(Token);
        await Task.WhenAll(hanging);
        await conductor.ResumeQueueAsync("default", Token);
        await orchestrator.StopAsync(Token);
    }

    private static async Task FailInvokesAsync(TestEngine engine, string state, int times)
    {
        await engine.Database.ExecuteAsync($"""
            create sequence public.failures;
            create function public.fail() returns trigger language plpgsql as $$
            begin
                if nextval('public.failures') <= {times} then raise exception using errcode = '{state}', message = 'made by a test'; end if;
                return null;
            end $$;
            create trigger fail after insert on pgconductor.executions for each statement execute function public.fail();
            """);
    }
}
