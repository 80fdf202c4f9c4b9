using Microsoft.Extensions.Logging;
using PgConductor.IntegrationTests.Support;
using PgConductor.Schedules;
using PgConductor.Testing;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Engine;

#pragma warning disable CA1848, CA1873, CA2254 // What handlers log is a user's code.

/// <summary>The metrics of docs/reference/telemetry.md that no other test is about. Some have no tag of their own: nothing runs beside these tests.</summary>
[Collection(Timed.Name)]
public sealed class MetricTests
{
    private static CancellationToken Token => TestEngine.Token;

    [Fact]
    public async Task Runs_steps_and_waits_are_counted()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var all = new Metrics();
        var job = TaskDefinition.Create<int>("job");
        await engine.StartAsync(new TaskCollection().Add(job, async (_, context) =>
        {
            await context.StepAsync("a", () => Task.CompletedTask);
            await context.SleepAsync("nap", TimeSpan.FromMilliseconds(50));
        }));

        await (await engine.Conductor.InvokeAsync(job, 1, cancellationToken: Token)).WaitAsync(TimeSpan.FromSeconds(60), Token);

        await Eventually.IsTrue(() => all["pgconductor.executions.settled/completed"] == 1, "the end is counted");
        Assert.Equal((1d, 1d, 2d), (all["pgconductor.executions.enqueued"], all["pgconductor.executions.settled/suspended"], all["pgconductor.executions.attempts"]));
        Assert.True(all["pgconductor.steps.stored/saved"] >= 1);
        Assert.Equal(0, all["pgconductor.executions.running"]);
    }

    [Fact]
    public async Task Batches_are_counted_by_what_is_in_them()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var all = new Metrics();
        var job = TaskDefinition.Create<int>("job", new TaskOptions { Batch = new BatchOptions { Size = 10, Wait = TimeSpan.FromMilliseconds(50) } });
        await engine.Conductor.InvokeManyAsync(job, Enumerable.Range(0, 25), cancellationToken: Token);
        await engine.StartAsync(new TaskCollection().AddBatch(job, _ => Task.CompletedTask));

        await engine.IsDoneAsync();

        Assert.Equal(25, all["pgconductor.batch.size"]);
    }

    [Fact]
    public async Task Events_and_log_lines_kept_and_dropped_are_counted()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var all = new Metrics();
        var job = TaskDefinition.Create<int>("job", new TaskOptions { KeepLogs = Retention.For(TimeSpan.FromDays(1)) });
        await engine.StartAsync(
            new TaskCollection().Add(job, (_, context) =>
            {
                for (var i = 0; i < 5; i++)
                {
                    context.Logger.LogInformation("a line");
                }

                return Task.CompletedTask;
            }),
            options => options with { Logs = new ExecutionLogOptions { MaxEntries = 2, FlushInterval = TimeSpan.FromMilliseconds(20) } });

        await engine.Conductor.EmitManyAsync([new("a", System.Text.Json.JsonElement.Parse("1")), new("b", System.Text.Json.JsonElement.Parse("2"))], cancellationToken: Token);
        await engine.Conductor.InvokeAsync(job, 1, cancellationToken: Token);

        // Two, and the one that says that there were more.
        await Eventually.IsTrue(() => all["pgconductor.logs.kept"] == 3, "the lines are stored");
        Assert.Equal((3d, 2d), (all["pgconductor.logs.dropped/limit"], all["pgconductor.events.emitted"]));
    }

    [Fact]
    public async Task What_a_takeover_rescues_and_what_it_dead_letters_are_counted()
    {
        var often = TaskDefinition.Create<int>("often");
        var once = TaskDefinition.Create<int>("once", new TaskOptions { MaxAttempts = 1 });
        var end = new TaskCompletionSource();
        await using var host = await ConductorTestHost.StartAsync(cancellationToken: Token);
        var victim = await host.StartProcessAsync(new TaskCollection().Add(often, (_, _) => end.Task).Add(once, (_, _) => end.Task), Token);
        var rescued = await host.Conductor.InvokeAsync(often, 1, cancellationToken: Token);
        var dead = await host.Conductor.InvokeAsync(once, 1, cancellationToken: Token);
        await Eventually.IsTrue(async () => (await rescued.GetAsync(Token))!.State == ExecutionState.Running && (await dead.GetAsync(Token))!.State == ExecutionState.Running, "both run");
        using var all = new Metrics();

        victim.Crash();
        await host.StartProcessAsync(new TaskCollection().Add(often, (_, _) => Task.CompletedTask), Token);
        await Eventually.IsTrue(
            async () =>
            {
                await host.Clock.AdvanceAsync(TimeSpan.FromSeconds(20), Token);
                return (await rescued.GetAsync(Token))!.State == ExecutionState.Completed;
            },
            "the other process has taken over");
        end.SetResult();

        Assert.Equal((1d, 1d), (all["pgconductor.executions.rescued"], all["pgconductor.executions.exhausted"]));
        Assert.Equal(ExecutionState.Failed, (await dead.GetAsync(Token))!.State);
    }

    [Fact]
    public async Task Runs_of_schedules_what_is_missed_and_what_cannot_be_read_are_counted()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var all = new Metrics();
        var job = TaskDefinition.Create<string>("job");
        await engine.Conductor.ScheduleAsync("fast", job, "x", "* * * * * *", cancellationToken: Token);
        await engine.Conductor.ScheduleAsync("hourly", job, "x", "0 * * * *", new ScheduleOptions { Missed = MissedRuns.Skip }, cancellationToken: Token);
        await engine.Database.ExecuteAsync("update pgconductor.schedules set last_tick = now() - interval '1 day' where key = 'hourly'; select pgconductor.schedule('faulty', 'job', '0 0 32 13 *')");

        await engine.StartAsync(new TaskCollection().Add(job, (_, _) => Task.CompletedTask));

        await Eventually.IsTrue(() => all["pgconductor.schedules.runs"] >= 2, "two runs are counted");
        await Eventually.IsTrue(() => all["pgconductor.schedules.missed"] == 1, "what was missed, once");
        await Eventually.IsTrue(() => all["pgconductor.schedules.faults"] >= 1, "and the faulty one");
        Assert.True(all["pgconductor.executions.enqueued"] >= 2);
    }

    [Fact]
    public async Task Partitions_made_and_dropped_are_counted()
    {
        await using var engine = await TestEngine.CreateAsync();
        await using (var command = engine.Database.DataSource.CreateCommand("""
            select pgconductor._make_day('failed_executions', (now() at time zone 'UTC')::date - 3);
            do $$ begin
                execute (select format('drop table pgconductor.%I', max(c.relname))
                    from pg_inherits i join pg_class c on c.oid = i.inhrelid
                    where i.inhparent = 'pgconductor.failed_executions'::regclass and c.relname ~ '_[0-9]{8}$' and c.relname > 'failed_executions_' || to_char(now(), 'YYYYMMDD'));
            exception when null_value_not_allowed then null; end $$
            """))
        {
            await command.ExecuteNonQueryAsync(Token);
        }

        using var all = new Metrics();
        await engine.StartAsync(new TaskCollection().Add(TaskDefinition.Create<int>("job"), (_, _) => Task.CompletedTask));

        await Eventually.IsTrue(() => all["pgconductor.maintenance.partitions/dropped"] == 1, "the one of the past is dropped");
        Assert.True(all["pgconductor.maintenance.partitions/created"] >= 1);
        Assert.True(all["pgconductor.maintenance.runs"] >= 1);
    }
}
