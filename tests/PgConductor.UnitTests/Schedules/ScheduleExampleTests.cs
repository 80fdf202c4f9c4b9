using PgConductor.Schedules;
using Xunit;

namespace PgConductor.UnitTests.Schedules;

/// <summary>What docs/concepts/schedules.md shows.</summary>
public sealed class ScheduleExampleTests
{
    [Fact]
    public void The_next_run_and_a_preview()
    {
        var now = CronExpressionTests.Utc("2026-03-27 12:00:00"); // the Friday before summer time

        // docs:start schedules
        var expression = CronExpression.Parse("30 2 * * MON-FRI");
        var berlin = ScheduleTimeZone.Find("Europe/Berlin");

        DateTimeOffset? next = expression.Next(now, berlin);
        IEnumerable<DateTimeOffset> preview = expression.Between(now, now.AddYears(1), berlin, max: 10);
        // docs:end

        Assert.Equal(CronExpressionTests.Utc("2026-03-30 00:30:00"), next);
        Assert.Equal((10, next), (preview.Count(), preview.First()));
    }
}
