using System.Globalization;
using PgConductor.Schedules;
using Xunit;

namespace PgConductor.RepositoryTests.Docs;

/// <summary>The tables of docs/concepts/schedules.md say what the code does.</summary>
public sealed class SchedulesPageTests
{
    private const string Page = "docs/concepts/schedules.md";

    private static readonly DateTimeOffset _start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_first_runs_are_those_of_the_code()
    {
        var rows = Markdown.Table(Page, "Grammar");

        Assert.True(rows.Count > 15);
        Assert.All(rows, cells => Assert.Equal(cells[4], $"{CronExpression.Parse(cells[3]).Next(_start, TimeZoneInfo.Utc):yyyy-MM-dd HH:mm:ss}"));
    }

    [Fact]
    public void The_runs_of_a_clock_change_are_those_of_the_code()
    {
        var rows = Markdown.Table(Page, "New York, 2026");

        Assert.True(rows.Count > 5);
        Assert.All(rows, cells => Assert.Equal((cells[1], cells[2]), (Night(cells[0], 3, 8, -5, -4), Night(cells[0], 11, 1, -4, -5))));
    }

    [Fact]
    public void The_missed_runs_are_those_of_the_code()
    {
        string[] seen = ["12:01", "14:30", "14:01", "18:00"];
        var rows = Markdown.Table(Page, "Seen at");

        Assert.Equal(Enum.GetNames<MissedRuns>(), rows.Select(cells => cells[0]));
        Assert.All(rows, cells => Assert.Equal(cells.Skip(1), seen.Select(time => Due(Enum.Parse<MissedRuns>(cells[0]), time))));
    }

    /// <summary>The runs from midnight, at the old offset, to 04:00, at the new one.</summary>
    private static string Night(string expression, int month, int day, int before, int after)
    {
        var zone = ScheduleTimeZone.Find("America/New_York");
        var midnight = new DateTimeOffset(2026, month, day, 0, 0, 0, TimeSpan.FromHours(before));
        var four = new DateTimeOffset(2026, month, day, 4, 0, 0, TimeSpan.FromHours(after));
        return string.Join(", ", CronExpression.Parse(expression).Between(midnight.AddTicks(-1), four.AddTicks(-1), zone, 100).Select(tick => TimeZoneInfo.ConvertTime(tick, zone).ToString("HH:mm zz", CultureInfo.InvariantCulture)));
    }

    private static string Due(MissedRuns policy, string seen)
    {
        var now = _start + TimeSpan.Parse(seen, CultureInfo.InvariantCulture);
        var plan = MissedRunPlan.Make(CronExpression.Parse("@hourly"), TimeZoneInfo.Utc, _start.AddHours(11), now, policy, TimeSpan.FromMinutes(2), 4);
        return plan.Due.Count == 0 ? "nothing" : string.Join(", ", plan.Due.Select(tick => tick.ToString("HH:mm", CultureInfo.InvariantCulture)));
    }
}
