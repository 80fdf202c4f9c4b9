using PgConductor;
using PgConductor.Schedules;

namespace OrderFlow;

/// <summary>What was earned yesterday: each night at two, by the shop's clock.</summary>
internal static class NightlyReport
{
    public const string Zone = "Europe/Berlin";

    // docs:start order-flow-report
    public static readonly TaskDefinition<string, NoResult> Definition = TaskDefinition.Create<string>("nightly-report", new TaskOptions
    {
        // At night only: what is late, or asked for by hand, waits until the shop has closed.
        Windows = [ExecutionWindow.Parse("01:00-05:00")],
        TimeZone = Zone,
    });

    public static TaskCollection AddTo(TaskCollection tasks) => tasks
        .Add(Definition, RunAsync)
        .Schedule("nightly-report", Definition, Zone, "0 2 * * *", new ScheduleOptions { TimeZone = Zone, Missed = MissedRuns.All });
    // docs:end

    /// <summary>The day is that of the tick, not of the clock: a report that was missed is made up for with its own day.</summary>
    private static Task RunAsync(string zone, TaskContext context)
    {
        var tick = TimeZoneInfo.ConvertTime(ScheduleTick.Of(context.ExecutionId), TimeZoneInfo.FindSystemTimeZoneById(zone));
        return context.TransactionStepAsync("sum", transaction => transaction.ExecuteAsync(
            """
            insert into orderflow.daily_reports (day, payments, earned)
            select $1, count(*), coalesce(sum(amount), 0) from orderflow.payments where (at at time zone $2)::date = $1
            on conflict (day) do update set payments = excluded.payments, earned = excluded.earned
            """,
            DateOnly.FromDateTime(tick.DateTime).AddDays(-1),
            zone));
    }
}
