using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.History;

/// <summary>Housekeeping of the history beside those who write and read it.</summary>
public sealed class HistoryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Its row is on its way into the default partition, waits for the partition that is being made, and finds that it does not belong there any more.</summary>
    [Fact]
    public async Task An_outcome_that_meets_the_making_of_its_partition_is_recorded_as_it_was()
    {
        await using var engine = await TestEngine.CreateAsync();
        var job = TaskDefinition.Create<int>("job", new TaskOptions { KeepCompleted = Retention.For(TimeSpan.FromDays(200)) });
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await engine.StartAsync(new TaskCollection().Add(job, (_, _) => goOn.Task));
        var handle = await engine.Conductor.InvokeAsync(job, 1, cancellationToken: Token);
        await engine.IsAsync(handle.Id, ExecutionState.Running);
        await Eventually.IsTrue(async () => await engine.Database.ScalarAsync<bool>("select pg_try_advisory_xact_lock(1885823588, 2)"), "the housekeeping of the start is over");

        await using (var connection = await engine.Database.DataSource.OpenConnectionAsync(Token))
        {
            await using var transaction = await connection.BeginTransactionAsync(Token);
            await using var make = connection.CreateCommand();
            make.CommandText = "select pgconductor._make_day('completed_executions', (now() at time zone 'UTC')::date + d) from generate_series(199, 201) d";
            await make.ExecuteNonQueryAsync(Token);
            goOn.SetResult();
            await Eventually.IsTrue(async () => await engine.Database.ScalarAsync<bool>("select exists (select from pg_locks where not granted and relation = 'pgconductor.completed_executions_default'::regclass)"), "the outcome waits for the partition");
            await transaction.CommitAsync(Token);
        }

        await handle.WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.Equal(0, await engine.CountAsync("failed_executions"));
    }

    /// <summary>Throttled keys by the hundred a second, say: one call in ten minutes would never catch up.</summary>
    [Fact]
    public async Task More_than_one_call_deletes_is_deleted_by_calls_that_follow_at_once()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Database.ExecuteAsync("insert into pgconductor.paces select 'job', 'key ' || n, 'throttle', 'leading', gen_random_uuid(), 'default', now() - interval '1 hour', now() - interval '1 hour', now() - interval '1 minute' from generate_series(1, 25000) n");

        await engine.StartAsync(new TaskCollection().Add(TaskDefinition.Create<int>("job"), (_, _) => Task.CompletedTask));

        await Eventually.IsTrue(async () => await engine.CountAsync("paces") == 0, "all of them are gone");
    }

    [Fact]
    public async Task Partitions_that_are_overdue_and_housekeeping_that_fails_are_told()
    {
        await using var engine = await TestEngine.CreateAsync();
        await using (var command = engine.Database.DataSource.CreateCommand("""
            select pgconductor._make_day('failed_executions', (now() at time zone 'UTC')::date - 3);
            alter function pgconductor._drop_days rename to _drop_days_away
            """))
        {
            await command.ExecuteNonQueryAsync(Token);
        }

        using var metrics = new Metrics("result", "failed");
        using var errors = new Metrics("operation", "maintain");
        using var log = new CapturedLog();
        var job = TaskDefinition.Create<int>("job");
        await engine.StartAsync(new TaskCollection().Add(job, (_, _) => Task.CompletedTask), loggers: log);
        await Eventually.IsTrue(() => log.Has(1109), "the failure is logged");
        await Eventually.IsTrue(() => metrics["pgconductor.maintenance.runs"] >= 1, "and counted");
        Assert.True(errors["pgconductor.database.errors"] >= 1);

        var status = Assert.Single(await engine.Conductor.GetMaintenanceStatusAsync(Token), part => part.Table == "failed_executions");
        Assert.Equal(1, status.Overdue);
        Assert.Equal(DateOnly.FromDateTime(DateTime.UtcNow).AddDays(-3), status.Oldest);
        Assert.True(status.DaysAhead > 10);
    }
}
