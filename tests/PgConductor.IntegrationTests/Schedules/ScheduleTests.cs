using System.Collections.Concurrent;
using System.Diagnostics;
using PgConductor.Client;
using PgConductor.Database;
using PgConductor.IntegrationTests.Support;
using PgConductor.Schedules;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Schedules;

/// <summary>N11 and N16: schedules across restarts, services and skewed clocks, on a real server by its own clock.</summary>
public sealed class ScheduleTests
{
    private static readonly TaskDefinition<string, NoResult> _report = TaskDefinition.Create<string>("report");
    private static readonly TaskDefinition<string, NoResult> _other = TaskDefinition.Create<string>("other");

    private readonly ConcurrentQueue<(string Payload, DateTimeOffset Tick)> _runs = new();

    private static CancellationToken Token => TestEngine.Token;

    [Fact]
    public async Task Four_orchestrators_whose_clocks_are_a_minute_off_run_each_tick_once()
    {
        await using var engine = await TestEngine.CreateAsync();
        foreach (var skew in (int[])[-60, -60, 60, 60])
        {
            var conductor = engine.NewConductor(options => options with { TimeProvider = new SkewedClock(TimeSpan.FromSeconds(skew)) });
            await engine.StartAsync(Tasks(), conductor: conductor);
        }

        await engine.Conductor.ScheduleAsync("every second", _report, "x", "* * * * * *", new ScheduleOptions { Missed = MissedRuns.All, Priority = 9 }, cancellationToken: Token);
        await Eventually.IsTrue(() => _runs.Count >= 6, () => $"six runs, not {_runs.Count}");
        await engine.Conductor.UnscheduleAsync("every second", cancellationToken: Token);
        await engine.IsDoneAsync();

        var ticks = _runs.Select(run => run.Tick).Order().ToList();
        Assert.Equal(Enumerable.Range(0, ticks.Count).Select(n => ticks[0].AddSeconds(n)), ticks);
        var executions = await engine.Conductor.ListAsync(new ExecutionQuery { TaskKey = "report", Limit = 1000 }, Token);
        Assert.Equal(ticks.Count, executions.Count);
        Assert.All(executions, execution => Assert.Equal((ExecutionState.Completed, 9), (execution.State, execution.Priority)));
    }

    [Fact]
    public async Task A_dynamic_schedule_survives_restarts_and_other_services_with_its_payload()
    {
        await using var engine = await TestEngine.CreateAsync();
        await using (var first = await engine.StartAsync(Tasks().Schedule("nightly", _other, "declared", "0 2 * * *"), options => options with { Service = "shop" }))
        {
            await engine.Conductor.ScheduleAsync("fast", _report, "mine", "* * * * * *", new ScheduleOptions { Priority = 7 }, cancellationToken: Token);
            await Eventually.IsTrue(() => !_runs.IsEmpty, "it runs");
        }

        // The service starts again without its schedule, and another one beside it on the same queue.
        await engine.StartAsync(Tasks(), options => options with { Service = "shop" });
        await engine.StartAsync(Tasks().Schedule("weekly", _other, "theirs", "@weekly"), options => options with { Service = "mail" });
        var before = _runs.Count;
        await Eventually.IsTrue(() => _runs.Count >= before + 2, "it runs on");

        Assert.All(_runs, run => Assert.Equal("mine", run.Payload));
        Assert.All(await engine.Conductor.ListAsync(new ExecutionQuery { TaskKey = "report", Limit = 1000 }, Token), run => Assert.Equal(7, run.Priority));
        Assert.Equal(["fast ", "weekly mail"], (await engine.Conductor.ListSchedulesAsync(Token)).Select(schedule => $"{schedule.Key} {schedule.Service}"));
    }

    [Fact]
    public async Task A_schedule_made_while_all_are_idle_starts_at_once_and_an_idle_one_costs_nothing()
    {
        var looks = 0;
        await using var engine = await TestEngine.CreateFaultyAsync(inner => FaultyDatabase.Wrap(inner, faulty => faulty.On<DueSchedules>(nameof(IDatabaseClient.GetDueSchedulesAsync), (_, call) =>
        {
            Interlocked.Increment(ref looks);
            return call();
        })));
        await engine.StartAsync(Tasks(), options => options with { Heartbeat = TimeSpan.FromSeconds(20), Takeover = TimeSpan.FromMinutes(2) });

        // Heard of by NOTIFY, not by the next heartbeat.
        var clock = Stopwatch.StartNew();
        await engine.Conductor.ScheduleAsync("yearly", _report, "x", "@yearly", cancellationToken: Token);
        await Eventually.IsTrue(async () => await engine.Database.ScalarAsync<bool>("select next_run_at is not null from pgconductor.schedules"), "it was looked at");
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(15));
        Assert.InRange(Volatile.Read(ref looks), 1, 2);
        Assert.Empty(_runs);
    }

    [Fact]
    public async Task A_process_that_dies_between_deciding_and_storing_leaves_the_tick_to_the_others()
    {
        var dead = new TaskCompletionSource<IReadOnlyList<AdvanceAnswer>>();
        var frozen = new TaskCompletionSource();
        await using var engine = await TestEngine.CreateFaultyAsync(inner => FaultyDatabase.Wrap(inner, faulty => faulty.On<IReadOnlyList<AdvanceAnswer>>(nameof(IDatabaseClient.AdvanceSchedulesAsync), (args, _) =>
        {
            if (((IReadOnlyList<ScheduleAdvance>)args[0]!)[0].Ticks.Count == 0)
            {
                return inner.AdvanceSchedulesAsync((IReadOnlyList<ScheduleAdvance>)args[0]!, Token);
            }

            frozen.TrySetResult();
            return dead.Task;
        })));
        await engine.StartAsync(Tasks());
        await engine.Conductor.ScheduleAsync("fast", _report, "x", "* * * * * *", new ScheduleOptions { Missed = MissedRuns.All }, cancellationToken: Token);
        await frozen.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.Empty(_runs);

        await engine.StartAsync(Tasks(), conductor: engine.NewConductor());
        await Eventually.IsTrue(() => _runs.Count >= 3, "the other one runs them");
        dead.SetException(new InvalidOperationException("it never came back"));

        var ticks = _runs.Select(run => run.Tick).Order().ToList();
        Assert.Equal(Enumerable.Range(0, ticks.Count).Select(n => ticks[0].AddSeconds(n)), ticks);
    }

    [Fact]
    public async Task Any_orchestrator_enqueues_the_runs_of_a_task_that_it_does_not_know()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(new TaskCollection().Add(_other, (_, _) => Task.CompletedTask), options => options with { Service = "mail" });

        await engine.Conductor.ScheduleAsync("fast", _report, "x", "* * * * * *", cancellationToken: Token);

        await Eventually.IsTrue(async () => await engine.CountAsync("executions", "task_key = 'report'") >= 2, "its runs wait for somebody who knows the task");
    }

    /// <summary>The lock holds the victim in the statement that enqueues a tick's run and moves the schedule on.</summary>
    [Fact]
    public async Task A_process_that_is_killed_in_the_middle_of_a_tick_leaves_it_whole_to_the_others()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var victim = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=noop", "heartbeat=200", "takeover=1000");
        await engine.Conductor.ScheduleAsync("fast", "job", System.Text.Json.JsonElement.Parse("1"), "* * * * * *", new ScheduleOptions { Missed = MissedRuns.All }, cancellationToken: Token);
        await victim.SaysAsync("end", 2);
        const string Stuck = "from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%advance_schedules%'";
        await using (var connection = await engine.Database.DataSource.OpenConnectionAsync(Token))
        await using (var transaction = await connection.BeginTransactionAsync(Token))
        {
            await using (var command = new Npgsql.NpgsqlCommand("lock table pgconductor.executions in exclusive mode", connection, transaction))
            {
                await command.ExecuteNonQueryAsync(Token);
            }

            await Eventually.IsTrue(() => engine.Database.ScalarAsync<bool>($"select exists (select {Stuck})"), "it is in the middle of a tick");
            await victim.KillAsync();

            // As if its machine were gone: the server would go on with the statement.
            await engine.Database.ExecuteAsync($"select pg_terminate_backend(pid) {Stuck}");
        }

        using var heir = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=noop", "heartbeat=200", "takeover=1000");
        await heir.SaysAsync("end", 4);
        await engine.Conductor.UnscheduleAsync("fast", cancellationToken: Token);
        await engine.IsDoneAsync();

        var ticks = (await engine.Conductor.ListAsync(new ExecutionQuery { TaskKey = "job", Limit = 1000 }, Token)).Select(execution => ScheduleTick.Of(execution.Id)).Order().ToList();
        Assert.Equal(Enumerable.Range(0, ticks.Count).Select(n => ticks[0].AddSeconds(n)), ticks);
    }

    [Fact]
    public async Task Without_overlap_one_run_at_a_time()
    {
        await using var engine = await TestEngine.CreateAsync();
        var log = new CapturedLog();
        var slow = TaskDefinition.Create<int>("slow");
        var running = 0;
        var gate = new SemaphoreSlim(0);
        var runs = new ConcurrentQueue<int>();
        await engine.StartAsync(
            new TaskCollection()
                .Add(slow, async (_, context) =>
                {
                    runs.Enqueue(Interlocked.Increment(ref running));
                    await gate.WaitAsync(context.CancellationToken);
                    Interlocked.Decrement(ref running);
                })
                .Schedule("single", slow, 1, "* * * * * *", new ScheduleOptions { Overlap = false }),
            options => options with { Service = "shop" },
            loggers: log);

        await Eventually.IsTrue(() => log.Entries.Count(entry => entry.Id == 1305) >= 2, "two ticks are left out");
        Assert.Single(runs);
        gate.Release(1000);
        await Eventually.IsTrue(() => runs.Count >= 3, "and it goes on when the run has ended");

        Assert.All(runs, count => Assert.Equal(1, count));
    }

    [Fact]
    public async Task A_thousand_schedules_due_at_once_are_enqueued_within_seconds()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Database.ExecuteAsync("select count(pgconductor.schedule('s' || n, 'report', '0 * * * *', to_jsonb('s' || n))) from generate_series(1, 1000) n");
        await engine.Database.ExecuteAsync("update pgconductor.schedules set last_tick = date_trunc('hour', now() at time zone 'UTC') at time zone 'UTC' - interval '1 second', tolerance = '1 day'");
        await engine.StartAsync(Tasks());
        await engine.StartAsync(Tasks(), conductor: engine.NewConductor());
        var clock = Stopwatch.StartNew();

        await Eventually.IsTrue(async () => await engine.CountAsync("schedules", "last_run_at is not null") == 1000, "all are enqueued");

        TestContext.Current.SendDiagnosticMessage("a thousand enqueued after {0}", clock.Elapsed);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        await engine.IsDoneAsync();
        Assert.Equal(1000, _runs.Select(run => run.Payload).Distinct().Count());
        Assert.Equal(1000, _runs.Count);
    }

    [Fact]
    public async Task Scheduling_is_part_of_the_callers_transaction_and_what_others_declare_is_refused()
    {
        await using var engine = await TestEngine.CreateAsync();
        await using (var connection = await engine.Database.DataSource.OpenConnectionAsync(Token))
        await using (var transaction = await connection.BeginTransactionAsync(Token))
        {
            Assert.Equal(ScheduleChange.Created, await engine.Conductor.ScheduleAsync("gone", _report, "x", "@daily", transaction: transaction, cancellationToken: Token));
            await transaction.RollbackAsync(Token);
        }

        Assert.Empty(await engine.Conductor.ListSchedulesAsync(Token));
        await engine.Conductor.ScheduleAsync("nightly", _report, "x", "@daily", cancellationToken: Token);
        var start = engine.New(Tasks().Schedule("nightly", _other, "y", "@hourly"), options => options with { Service = "shop" });
        var error = await Assert.ThrowsAsync<ConductorException>(() => start.StartAsync(Token));
        Assert.Equal(ConductorErrorCode.ScheduleOwned, error.Code);
    }

    [Fact]
    public async Task Declared_schedules_need_a_service_and_faulty_ones_are_refused_where_they_are_written()
    {
        await using var engine = await TestEngine.CreateAsync();
        var error = Assert.Throws<ConductorException>(() => engine.New(Tasks().Schedule("a", _report, "x", "@daily")));
        Assert.Contains("Service is not set", error.Message, StringComparison.Ordinal);
        Assert.Contains("day-of-month", Assert.Throws<ConductorException>(() => Tasks().Schedule("a", _report, "x", "0 0 32 * *")).Message, StringComparison.Ordinal);
        Assert.Contains("Mars/Phobos", Assert.Throws<ConductorException>(() => Tasks().Schedule("a", _report, "x", "@daily", new ScheduleOptions { TimeZone = "Mars/Phobos" })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Tasks().Schedule("a", _report, "x", "@daily").Schedule("a", _report, "x", "@daily"));
        foreach (var options in (ScheduleOptions[])[new() { Priority = 101 }, new() { CatchUp = 0 }, new() { Tolerance = TimeSpan.FromTicks(-1) }, new() { Queue = "" }, new() { Missed = (MissedRuns)9 }])
        {
            Assert.Equal(ConductorErrorCode.InvalidArgument, (await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.ScheduleAsync("a", _report, "x", "@daily", options, cancellationToken: Token))).Code);
        }
    }

    private TaskCollection Tasks() => new TaskCollection()
        .Add(_report, (payload, context) =>
        {
            _runs.Enqueue((payload, ScheduleTick.Of(context.ExecutionId)));
            return Task.CompletedTask;
        })
        .Add(_other, (_, _) => Task.CompletedTask);

    private sealed class SkewedClock(TimeSpan skew) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + skew;
    }
}
