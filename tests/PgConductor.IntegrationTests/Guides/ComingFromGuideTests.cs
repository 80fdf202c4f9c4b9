using PgConductor.Client;
using PgConductor.IntegrationTests.Support;
using PgConductor.Schedules;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Guides;

#pragma warning disable xUnit1051 // What is quoted is written as a reader would write it.

/// <summary>The code that docs/guides/coming-from-hangfire.md quotes, run.</summary>
public sealed class ComingFromGuideTests
{
    private static readonly TaskDefinition<string, NoResult> _send = TaskDefinition.Create<string>("send");

    [Fact]
    public async Task The_same_job()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();

        // docs:start coming-from-hangfire
        // Hangfire: BackgroundJob.Enqueue<Mailer>(mailer => mailer.SendAsync("ada@example.org"));
        // Quartz:   scheduler.TriggerJob(new JobKey("send"), new JobDataMap { { "to", "ada@example.org" } });
        var handle = await conductor.InvokeAsync(_send, "ada@example.org");

        // Hangfire: BackgroundJob.Schedule(…, TimeSpan.FromHours(1));
        await conductor.InvokeAsync(_send, "bob@example.org", new InvokeOptions { RunAt = DateTimeOffset.UtcNow.AddHours(1) });

        // Hangfire: RecurringJob.AddOrUpdate("digest", …, "0 6 * * *", new() { TimeZone = berlin });
        // Quartz:   a trigger WithCronSchedule("0 0 6 * * ?", x => x.InTimeZone(berlin))
        await conductor.ScheduleAsync("digest", _send, "all@example.org", "0 6 * * *", new ScheduleOptions { TimeZone = "Europe/Berlin" });

        // Hangfire: BackgroundJob.Delete(id);
        await conductor.CancelAsync(handle.Id);
        // docs:end

        var executions = await conductor.ListAsync(new ExecutionQuery { TaskKey = "send" });
        Assert.Equal([ExecutionState.Scheduled, ExecutionState.Cancelled], executions.Select(execution => execution.State).Order());
        var schedule = Assert.Single(await conductor.ListSchedulesAsync());
        Assert.Equal(("digest", "send", "Europe/Berlin"), (schedule.Key, schedule.TaskKey, schedule.Options.TimeZone));
    }

    /// <summary>"The key is stored, and only the key": no type name is in the database.</summary>
    [Fact]
    public async Task No_type_name_is_stored()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Conductor.InvokeAsync(TaskDefinition.Create<Mail>("mail"), new Mail("ada@example.org"));

        Assert.Equal("mail {\"to\": \"ada@example.org\"}", await engine.Database.ScalarAsync<string>("select task_key || ' ' || payload::text from pgconductor.executions"));
        Assert.Equal(0, await engine.CountAsync("executions e", "e::text like '%IntegrationTests%'"));
    }

    private sealed record Mail(string To);
}
