using PgConductor.IntegrationTests.Support;
using PgConductor.Orchestration;
using PgConductor.Schedules;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Guides;

#pragma warning disable xUnit1051 // What is quoted is written as a reader would write it.

/// <summary>The code that docs/guides/schedules.md quotes, run.</summary>
public sealed class ScheduleGuideTests
{
    // docs:start schedule-task
    private static readonly TaskDefinition<string, NoResult> _report = TaskDefinition.Create<string>("report");
    // docs:end

    [Fact]
    public async Task Declared()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        var reported = new TaskCompletionSource<(string Region, DateTimeOffset Tick)>();
        void Write(string region, DateTimeOffset tick) => reported.TrySetResult((region, tick));

        // docs:start schedule-declared
        var tasks = new TaskCollection()
            .Add(_report, (region, context) =>
            {
                // The instant that this run was planned for, however late it starts.
                var tick = ScheduleTick.Of(context.ExecutionId);
                Write(region, tick);
                return Task.CompletedTask;
            })
            .Schedule("report-emea", _report, "emea", "30 2 * * MON-FRI", new ScheduleOptions { TimeZone = "Europe/Berlin" })
            .Schedule("report-live", _report, "live", "*/10 * * * * *", new ScheduleOptions { Missed = MissedRuns.Skip, Priority = 5 });

        await using var orchestrator = new Orchestrator(conductor, tasks, new OrchestratorOptions { Service = "reports" });
        await orchestrator.StartAsync();
        // docs:end

        var (region, tick) = await reported.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);
        Assert.Equal(("live", 0), (region, tick.Second % 10));
        Assert.Equal(["report-emea", "report-live"], (await conductor.ListSchedulesAsync()).Select(schedule => schedule.Key));
    }

    [Fact]
    public async Task Dynamic()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();

        // docs:start schedule-dynamic
        var change = await conductor.ScheduleAsync("customer-7", _report, "customer 7", "0 6 * * *", new ScheduleOptions { TimeZone = "America/New_York" });
        // docs:end
        Assert.Equal(ScheduleChange.Created, change);

        // docs:start schedule-steer
        await conductor.PauseScheduleAsync("customer-7");
        await conductor.ResumeScheduleAsync("customer-7");
        Guid run = await conductor.RunScheduleNowAsync("customer-7");
        foreach (var schedule in await conductor.ListSchedulesAsync())
        {
            Console.WriteLine($"{schedule.Key}: next {schedule.NextRunAt}, fault {schedule.Fault}");
        }

        bool existed = await conductor.UnscheduleAsync("customer-7");
        // docs:end
        Assert.True(existed);
        Assert.Equal("customer 7", (await conductor.GetAsync(run))!.Payload!.Value.GetString());
    }
}
