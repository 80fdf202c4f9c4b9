using System.Text.Json;
using PgConductor.Database;
using PgConductor.Orchestration;
using PgConductor.Schedules;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.ConformanceTests;

/// <summary>Schedules: made, declared, steered, and moved on by those that look at them. The clock starts at 03:04:05 UTC on a Wednesday.</summary>
public abstract class ScheduleTests(Backend backend) : ConformanceTest(backend)
{
    private static ScheduleSpec Spec(string key, string cron = "0 * * * *", string payload = "1", ScheduleOptions? options = null, TaskDefinition? task = null) =>
        ScheduleRules.Check(key, (task ?? Kept).Key, cron, options) with { Payload = Json(payload) };

    private Task<ScheduleChange> ScheduleAsync(ScheduleSpec spec) => Client.ScheduleAsync(spec, null, Token);

    private async Task<ScheduleInfo> FindAsync(string key) => Assert.Single(await Client.ListSchedulesAsync(key, Token));

    /// <summary>One look, by a process that knows nothing from before.</summary>
    private Task<TimeSpan?> LookAsync() => new ScheduleRunner(Client, TimeProvider.System, Log.CreateLogger("")).RunDueAsync(Token);

    private CapturedLog Log { get; } = new();

    /// <summary>The ticks of the runs enqueued so far, in order.</summary>
    private async Task<IReadOnlyList<DateTimeOffset>> TicksAsync() =>
        [.. (await Client.ListExecutionsAsync(new Client.ExecutionQuery { Limit = 1000 }, Token)).Select(execution => ScheduleTick.Of(execution.Id)).Order()];

    private static DateTimeOffset At(int hour, int minute = 0, int day = 2) => new(2030, 1, day, hour, minute, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_schedule_is_kept_as_it_was_made()
    {
        var options = new ScheduleOptions { TimeZone = "Europe/Berlin", Queue = "default", Priority = 5, Missed = MissedRuns.All, Tolerance = TimeSpan.FromSeconds(90), CatchUp = 7 };

        Assert.Equal(ScheduleChange.Created, await ScheduleAsync(Spec("a", payload: "{\"n\": 1}", options: options)));

        var found = await FindAsync("a");
        Assert.Equal(("a", null, "kept", "0 * * * *", options, false), (found.Key, found.Service, found.TaskKey, found.Cron, found.Options, found.Paused));
        Assert.Equal((Subject.Start, Subject.Start, Subject.Start), (found.LastTick, found.CreatedAt, found.UpdatedAt));
        Assert.Equal((null, null, null), (found.NextRunAt, found.LastRunAt, found.Fault));
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse("{\"n\":1}"), found.Payload!.Value));
    }

    [Fact]
    public async Task The_same_again_is_unchanged_and_another_expression_begins_now()
    {
        await ScheduleAsync(Spec("a", payload: "{\"n\": 1}"));
        await Subject.AdvanceAsync(TimeSpan.FromHours(1));

        Assert.Equal(ScheduleChange.Unchanged, await ScheduleAsync(Spec("a", payload: "{ \"n\":1 }")));
        Assert.Equal(ScheduleChange.Changed, await ScheduleAsync(Spec("a", payload: "2")));
        Assert.Equal(Subject.Start, (await FindAsync("a")).LastTick);
        Assert.Equal(ScheduleChange.Changed, await ScheduleAsync(Spec("a", "30 * * * *", "2")));
        Assert.Equal(Subject.Now, (await FindAsync("a")).LastTick);
        await Subject.AdvanceAsync(TimeSpan.FromHours(1));
        Assert.Equal(ScheduleChange.Changed, await ScheduleAsync(Spec("a", "30 * * * *", "2", new ScheduleOptions { TimeZone = "Europe/Berlin" })));
        Assert.Equal(Subject.Now, (await FindAsync("a")).LastTick);
    }

    [Fact]
    public async Task What_cannot_be_is_refused()
    {
        await FailsAsync(ConductorErrorCode.UnknownQueue, () => ScheduleAsync(Spec("a", options: new ScheduleOptions { Queue = "nowhere" })));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => ScheduleAsync(Spec("a") with { TaskKey = "?" }));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => ScheduleAsync(Spec("a") with { Options = new ScheduleOptions { TimeZone = "Mars/Phobos" } }));
        await FailsAsync(ConductorErrorCode.NotFound, () => Client.PauseScheduleAsync("a", Token));
        await FailsAsync(ConductorErrorCode.NotFound, () => Client.ResumeScheduleAsync("a", Token));
        await FailsAsync(ConductorErrorCode.NotFound, () => Client.RunScheduleAsync("a", Token));
        Assert.False(await Client.UnscheduleAsync("a", false, Token));
        Assert.Empty(await Client.ListSchedulesAsync(null, Token));
    }

    [Fact]
    public async Task A_service_touches_only_what_it_declares()
    {
        await ScheduleAsync(Spec("dynamic"));
        Assert.Equal(new DeclarationReport(2, 0, 0), await Client.DeclareSchedulesAsync("shop", [Spec("b"), Spec("a")], Token));
        Assert.Equal(new DeclarationReport(1, 0, 0), await Client.DeclareSchedulesAsync("mail", [Spec("c")], Token));
        await Client.PauseScheduleAsync("b", Token);

        Assert.Equal(new DeclarationReport(0, 1, 1), await Client.DeclareSchedulesAsync("shop", [Spec("b", payload: "2")], Token));

        Assert.Equal(["b shop True", "c mail False", "dynamic  False"], (await Client.ListSchedulesAsync(null, Token)).Select(schedule => $"{schedule.Key} {schedule.Service} {schedule.Paused}"));
        await FailsAsync(ConductorErrorCode.ScheduleOwned, () => Client.DeclareSchedulesAsync("shop", [Spec("a"), Spec("c")], Token));
        await FailsAsync(ConductorErrorCode.ScheduleOwned, () => Client.DeclareSchedulesAsync("shop", [Spec("dynamic")], Token));
        await FailsAsync(ConductorErrorCode.ScheduleOwned, () => ScheduleAsync(Spec("c")));
        await FailsAsync(ConductorErrorCode.ScheduleOwned, () => Client.UnscheduleAsync("c", false, Token));
        Assert.Equal(["b", "c", "dynamic"], (await Client.ListSchedulesAsync(null, Token)).Select(schedule => schedule.Key));
        Assert.True(await Client.UnscheduleAsync("c", true, Token));
    }

    [Fact]
    public async Task A_look_enqueues_each_tick_once_with_payload_queue_and_priority()
    {
        await Client.CreateQueueAsync("q", false, Token);
        await ScheduleAsync(Spec("a", payload: "{\"n\": 1}", options: new ScheduleOptions { Queue = "q", Priority = 7, Missed = MissedRuns.All }));

        Assert.InRange((await LookAsync())!.Value, TimeSpan.FromMinutes(55), At(4) - Subject.Start);
        Assert.Empty(await TicksAsync());
        Assert.Equal(At(4), (await FindAsync("a")).NextRunAt);

        await Subject.AdvanceAsync(TimeSpan.FromHours(3));
        await LookAsync();
        await LookAsync();

        Assert.Equal([At(4), At(5), At(6)], await TicksAsync());
        var found = await FindAsync("a");
        Assert.Equal((At(6), At(7), Subject.Now), (found.LastTick, found.NextRunAt, found.LastRunAt));
        foreach (var execution in await Client.ListExecutionsAsync(new Client.ExecutionQuery(), Token))
        {
            var run = await GetAsync(execution.Id);
            Assert.Equal(("kept", "q", 7, "{\"n\":1}", ExecutionState.Ready), (run.TaskKey, run.Queue, run.Priority, JsonSerializer.Serialize(run.Payload), run.State));
        }
    }

    [Fact]
    public async Task Of_those_who_look_at_the_same_time_the_first_wins_and_one_that_dies_has_done_nothing()
    {
        await ScheduleAsync(Spec("a"));
        await LookAsync();
        await Subject.AdvanceAsync(TimeSpan.FromMinutes(56));

        // It computes, and dies.
        var dead = await Client.GetDueSchedulesAsync(10, [], Token);
        var due = Assert.Single(dead.Schedules);
        Assert.Empty(await TicksAsync());

        await LookAsync();
        Assert.Equal([At(4)], await TicksAsync());

        // It was only frozen, and comes back.
        var answer = Assert.Single(await Client.AdvanceSchedulesAsync([new ScheduleAdvance(due.Key, due.Revision, At(4), At(5), [At(4)])], Token));
        Assert.Equal(AdvanceEffect.Stale, answer.Effect);
        Assert.Equal([At(4)], await TicksAsync());
    }

    [Theory]
    [InlineData(MissedRuns.Skip, new int[0])]
    [InlineData(MissedRuns.Once, new[] { 9 })]
    [InlineData(MissedRuns.All, new[] { 7, 8, 9 })]
    public async Task After_an_outage_missed_runs_are_as_the_policy_says(MissedRuns missed, int[] hours)
    {
        await ScheduleAsync(Spec("a", options: new ScheduleOptions { Missed = missed, CatchUp = 3 }));
        await LookAsync();
        await Subject.AdvanceAsync(TimeSpan.FromHours(6));
        await LookAsync();

        Assert.Equal(hours.Select(hour => At(hour)), await TicksAsync());
        Assert.Equal((At(9), At(10)), ((await FindAsync("a")).LastTick, (await FindAsync("a")).NextRunAt));
        Assert.True(Log.Has(1303));
    }

    [Fact]
    public async Task A_pause_misses_nothing_and_outlasts_changes()
    {
        await ScheduleAsync(Spec("a", options: new ScheduleOptions { Missed = MissedRuns.All }));
        await LookAsync();
        await Client.PauseScheduleAsync("a", Token);
        Assert.Null((await FindAsync("a")).NextRunAt);
        await Subject.AdvanceAsync(TimeSpan.FromHours(3));
        Assert.Null(await LookAsync());
        await ScheduleAsync(Spec("a", payload: "2", options: new ScheduleOptions { Missed = MissedRuns.All }));
        Assert.True((await FindAsync("a")).Paused);

        await Client.ResumeScheduleAsync("a", Token);
        await LookAsync();
        Assert.Empty(await TicksAsync());
        await Subject.AdvanceAsync(TimeSpan.FromHours(1));
        await LookAsync();

        Assert.Equal([At(7)], await TicksAsync());
    }

    [Fact]
    public async Task A_run_now_is_beside_the_ticks()
    {
        await ScheduleAsync(Spec("a", payload: "5", options: new ScheduleOptions { Priority = 3 }));
        await Client.PauseScheduleAsync("a", Token);

        var run = await GetAsync(await Client.RunScheduleAsync("a", Token));

        Assert.Equal(("kept", 3, 5, ExecutionState.Ready), (run.TaskKey, run.Priority, run.Payload!.Value.GetInt32(), run.State));
        Assert.Equal((Subject.Start, null), ((await FindAsync("a")).LastTick, (await FindAsync("a")).LastRunAt));
    }

    [Fact]
    public async Task A_removed_schedule_runs_no_more_and_what_it_enqueued_stays()
    {
        await ScheduleAsync(Spec("a"));
        await LookAsync();
        await Subject.AdvanceAsync(TimeSpan.FromMinutes(56));
        await LookAsync();
        Assert.True(await Client.UnscheduleAsync("a", false, Token));
        await Subject.AdvanceAsync(TimeSpan.FromHours(5));

        Assert.Null(await LookAsync());
        Assert.Equal([At(4)], await TicksAsync());
    }

    [Fact]
    public async Task One_that_cannot_be_read_or_enqueued_does_not_stop_the_others()
    {
        await Client.CreateQueueAsync("q", false, Token);
        await ScheduleAsync(Spec("a") with { Cron = "0 0 32 13 *" });
        await ScheduleAsync(Spec("b", options: new ScheduleOptions { Queue = "q" }));
        await ScheduleAsync(Spec("c"));
        await LookAsync();
        await Client.DropQueueAsync("q", false, Token);
        await Subject.AdvanceAsync(TimeSpan.FromMinutes(56));

        await LookAsync();

        Assert.Equal([At(4)], await TicksAsync());
        Assert.Contains("32", (await FindAsync("a")).Fault, StringComparison.Ordinal);
        Assert.Contains("no queue \"q\"", (await FindAsync("b")).Fault, StringComparison.Ordinal);
        Assert.Null((await FindAsync("c")).Fault);
        Assert.True(Log.Has(1301));
        Assert.True(Log.Has(1302));

        // Mended, they go on.
        await ScheduleAsync(Spec("a"));
        await Client.CreateQueueAsync("q", false, Token);
        await Subject.AdvanceAsync(TimeSpan.FromMinutes(60));
        await LookAsync();
        Assert.Equal([At(4), At(5), At(5), At(5)], await TicksAsync());
        Assert.Equal((null, null), ((await FindAsync("a")).Fault, (await FindAsync("b")).Fault));
    }

    [Fact]
    public async Task Without_overlap_a_tick_is_left_out_while_an_earlier_run_has_not_ended()
    {
        await ScheduleAsync(Spec("a", options: new ScheduleOptions { Overlap = false, Missed = MissedRuns.All }));
        Assert.False((await FindAsync("a")).Options.Overlap);
        await LookAsync();
        await Subject.AdvanceAsync(TimeSpan.FromHours(2));

        // Two are due, the first is enqueued; it waits, then it runs.
        await LookAsync();
        Assert.Equal([At(4)], await TicksAsync());
        var lease = (await ClaimAsync()).LeaseId!.Value;
        await Subject.AdvanceAsync(TimeSpan.FromHours(1));
        await LookAsync();
        Assert.Equal([At(4)], await TicksAsync());
        Assert.True(Log.Has(1305));
        Assert.Equal((At(6), At(7)), ((await FindAsync("a")).LastTick, (await FindAsync("a")).NextRunAt));
        Assert.Equal(At(4), ScheduleTick.Of(await Client.RunScheduleAsync("a", Token)));

        // It failed, and is to be retried: not yet its end.
        Assert.Equal(Effect.Retried, (await ReturnAsync(new Outcome(lease, 1, OutcomeKind.Failed, null, Error("no"), TimeSpan.FromHours(2))))[0].Effect);
        await Subject.AdvanceAsync(TimeSpan.FromHours(1));
        await LookAsync();
        Assert.Equal([At(4)], await TicksAsync());
        await Subject.AdvanceAsync(TimeSpan.FromHours(1));
        await ReturnAsync(new Outcome((await ClaimAsync()).LeaseId!.Value, 1, OutcomeKind.Completed));
        await LookAsync();

        Assert.Equal([At(4), At(8)], await TicksAsync());
        Assert.Equal(Subject.Now, (await FindAsync("a")).LastRunAt);
    }

    [Fact]
    public async Task A_schedule_that_one_machine_cannot_read_is_left_to_the_others()
    {
        await ScheduleAsync(Spec("a") with { Cron = "unknown here * * * *" });
        var due = await Client.GetDueSchedulesAsync(10, [("b", 1)], Token);
        var schedule = Assert.Single(due.Schedules);

        Assert.Empty((await Client.GetDueSchedulesAsync(10, [("a", schedule.Revision)], Token)).Schedules);
        Assert.Single((await Client.GetDueSchedulesAsync(10, [("a", schedule.Revision + 1)], Token)).Schedules);
    }

    [Fact]
    public async Task The_heartbeat_says_when_the_next_one_is_due()
    {
        async Task<TimeSpan?> BeatAsync() => (await Client.HeartbeatAsync(new HeartbeatRequest(Me, TimeSpan.FromDays(1000), [], false, [], TimeSpan.FromDays(1000)), Token)).NextScheduleIn;

        Assert.Null(await BeatAsync());
        await ScheduleAsync(Spec("a"));
        await ScheduleAsync(Spec("never", "0 0 30 2 *"));
        Assert.Equal(TimeSpan.Zero, await BeatAsync());
        await LookAsync();
        Assert.Equal(At(4) - Subject.Start, await BeatAsync());
        await Client.PauseScheduleAsync("a", Token);
        Assert.Null(await BeatAsync());
    }

    [Fact]
    public async Task A_day_of_the_clock_change_has_each_tick_once()
    {
        // Berlin, 31 March 2030: 02:00 becomes 03:00; at 01:00 UTC.
        await ScheduleAsync(Spec("night", "30 2 * * *", options: new ScheduleOptions { TimeZone = "Europe/Berlin", Missed = MissedRuns.All }));
        await LookAsync();
        await Subject.AdvanceAsync(new DateTimeOffset(2030, 3, 29, 12, 0, 0, TimeSpan.Zero) - Subject.Now);
        await Client.UnscheduleAsync("night", false, Token);
        await ScheduleAsync(Spec("night", "30 2 * * *", options: new ScheduleOptions { TimeZone = "Europe/Berlin", Missed = MissedRuns.All }));
        for (var i = 0; i < 12; i++)
        {
            await LookAsync();
            await LookAsync();
            await Subject.AdvanceAsync(TimeSpan.FromHours(6));
        }

        Assert.Equal(
            [new(2030, 3, 30, 1, 30, 0, TimeSpan.Zero), new(2030, 3, 31, 1, 0, 0, TimeSpan.Zero), new DateTimeOffset(2030, 4, 1, 0, 30, 0, TimeSpan.Zero)],
            await TicksAsync());
    }
}

/// <summary>Schedules against the server.</summary>
public sealed class ScheduleOnPostgreSql() : ScheduleTests(Backend.PostgreSql);

/// <summary>Schedules against the double.</summary>
public sealed class ScheduleInMemory() : ScheduleTests(Backend.InMemory);
