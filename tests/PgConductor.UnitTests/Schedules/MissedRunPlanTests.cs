using FsCheck;
using FsCheck.Fluent;
using PgConductor.Schedules;
using Xunit;

namespace PgConductor.UnitTests.Schedules;

public sealed class MissedRunPlanTests
{
    private static readonly TimeSpan _tolerance = TimeSpan.FromMinutes(2);
    private static readonly TimeZoneInfo _newYork = ScheduleTimeZone.Find("America/New_York");
    private static readonly DateTimeOffset _noon = CronExpressionTests.Utc("2026-01-01 12:00:00");

    [Theory]
    // Not due yet; due and on time, to the second; up to the tolerance.
    [InlineData(MissedRuns.Skip, "11:59:59", "", "11:00", "12:00", false)]
    [InlineData(MissedRuns.Skip, "12:00:00", "12:00", "12:00", "13:00", false)]
    [InlineData(MissedRuns.Skip, "12:02:00", "12:00", "12:00", "13:00", false)]
    [InlineData(MissedRuns.Once, "12:02:00", "12:00", "12:00", "13:00", false)]
    [InlineData(MissedRuns.All, "12:02:00", "12:00", "12:00", "13:00", false)]
    // One missed.
    [InlineData(MissedRuns.Skip, "12:02:01", "", "12:00", "13:00", true)]
    [InlineData(MissedRuns.Once, "12:02:01", "12:00", "12:00", "13:00", false)]
    [InlineData(MissedRuns.All, "12:02:01", "12:00", "12:00", "13:00", false)]
    // Three missed.
    [InlineData(MissedRuns.Skip, "14:30:00", "", "14:00", "15:00", true)]
    [InlineData(MissedRuns.Once, "14:30:00", "14:00", "14:00", "15:00", true)]
    [InlineData(MissedRuns.All, "14:30:00", "12:00 13:00 14:00", "14:00", "15:00", false)]
    // Two missed and one on time.
    [InlineData(MissedRuns.Skip, "14:01:00", "14:00", "14:00", "15:00", true)]
    [InlineData(MissedRuns.Once, "14:01:00", "14:00", "14:00", "15:00", true)]
    [InlineData(MissedRuns.All, "14:01:00", "12:00 13:00 14:00", "14:00", "15:00", false)]
    // More than the bound of four: the newest.
    [InlineData(MissedRuns.All, "18:00:00", "15:00 16:00 17:00 18:00", "18:00", "19:00", true)]
    [InlineData(MissedRuns.Once, "18:30:00", "18:00", "18:00", "19:00", true)]
    // The clock went back: what is decided stays decided.
    [InlineData(MissedRuns.All, "05:00:00", "", "11:00", "12:00", false)]
    public void After_eleven_an_hourly_schedule_runs(MissedRuns policy, string now, string due, string last, string next, bool dropped)
    {
        var plan = MissedRunPlan.Make(CronExpression.Parse("0 * * * *"), TimeZoneInfo.Utc, At("11:00"), At(now), policy, _tolerance, 4);

        Assert.Equal(due.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(At), plan.Due);
        Assert.Equal((At(last), At(next), dropped), (plan.Last, plan.Next!.Value, plan.Dropped));
    }

    [Fact]
    public void A_schedule_that_never_runs_has_no_next() =>
        Assert.Equal((0, _noon, null, false), Shape(MissedRunPlan.Make(CronExpression.Parse("0 0 30 2 *"), TimeZoneInfo.Utc, _noon, _noon.AddYears(5), MissedRuns.All, _tolerance, 10)));

    [Fact]
    public void The_last_tick_there_is_has_no_next() =>
        Assert.Equal((1, new DateTimeOffset(9999, 12, 31, 0, 0, 0, TimeSpan.Zero), null, false), Shape(MissedRunPlan.Make(CronExpression.Parse("0 0 31 12 *"), TimeZoneInfo.Utc, new DateTimeOffset(9999, 1, 1, 0, 0, 0, TimeSpan.Zero), DateTimeOffset.MaxValue, MissedRuns.Once, _tolerance, 10)));

    [Fact]
    public void A_tolerance_of_years_makes_nothing_missed() =>
        Assert.Equal(3, MissedRunPlan.Make(CronExpression.Parse("0 * * * *"), TimeZoneInfo.Utc, At("09:00"), At("12:00"), MissedRuns.Skip, TimeSpan.MaxValue, 10).Due.Count);

    [Fact]
    public void A_year_of_missed_seconds_is_not_walked_through()
    {
        var expression = CronExpression.Parse("* * * * * *");

        var started = TimeProvider.System.GetTimestamp();
        var plans = new[] { MissedRuns.Skip, MissedRuns.Once, MissedRuns.All }.Select(policy => MissedRunPlan.Make(expression, _newYork, _noon.AddYears(-1), _noon, policy, TimeSpan.FromSeconds(9), 100)).ToList();

        // A walk through them takes many seconds, the plans take less than one millisecond.
        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(2));
        Assert.Equal([10, 1, 100], plans.Select(plan => plan.Due.Count));
        Assert.All(plans, plan => Assert.Equal((_noon, _noon.AddSeconds(1), true), (plan.Last, plan.Next!.Value, plan.Dropped)));
    }

    [Theory]
    [InlineData((MissedRuns)7, 0, 1, "7 is not a policy")]
    [InlineData(MissedRuns.All, -1, 1, "A tolerance of -00:00:01")]
    [InlineData(MissedRuns.All, 0, 0, "A bound of 0 runs")]
    public void What_cannot_be_is_refused(MissedRuns policy, int tolerance, int bound, string fault)
    {
        var exception = Assert.Throws<ConductorException>(() => MissedRunPlan.Make(CronExpression.Parse("@daily"), TimeZoneInfo.Utc, _noon, _noon, policy, TimeSpan.FromSeconds(tolerance), bound));

        Assert.Equal(ConductorErrorCode.InvalidArgument, exception.Code);
        Assert.Contains(fault, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_says_what_a_walk_through_all_ticks_says() =>
        Check.QuickThrowOnFailure(Prop.ForAll(
            (from model in CronModel.Times
             from hours in Gen.Choose(0, 200)
             from policy in Gen.Elements(MissedRuns.Skip, MissedRuns.Once, MissedRuns.All)
             from bound in Gen.Choose(1, 20)
             from tolerance in Gen.Choose(0, 180)
             select (model, hours, policy, bound, tolerance)).ToArbitrary(),
            one =>
            {
                var expression = CronExpression.Parse(one.model.Text);
                var (last, now, tolerance) = (new DateTimeOffset(2026, 3, 5, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 3, 5, 0, 0, 0, TimeSpan.Zero).AddHours(one.hours), TimeSpan.FromMinutes(one.tolerance));
                var ticks = expression.Between(last, now, _newYork, int.MaxValue).ToList();
                var missed = ticks.Exists(tick => now - tick > tolerance);
                var due = one.policy switch
                {
                    MissedRuns.Skip => ticks.Where(tick => now - tick <= tolerance).TakeLast(one.bound),
                    MissedRuns.Once when missed => ticks.TakeLast(1),
                    _ => ticks.TakeLast(one.bound),
                };
                var plan = MissedRunPlan.Make(expression, _newYork, last, now, one.policy, tolerance, one.bound);
                return plan.Due.SequenceEqual(due)
                    && plan.Last == (ticks.Count > 0 ? ticks[^1] : last)
                    && plan.Next == expression.Next(now, _newYork)
                    && plan.Dropped == (plan.Due.Count < ticks.Count);
            }));

    [Fact]
    public void Processes_with_clocks_a_minute_apart_plan_each_tick_once() =>
        Check.QuickThrowOnFailure(Prop.ForAll(
            (from model in CronModel.Times
             from policy in Gen.Elements(MissedRuns.Skip, MissedRuns.Once, MissedRuns.All)
             from calls in (from wait in Gen.Choose(0, 600) from skew in Gen.Choose(-60, 60) select (wait, skew)).ListOf(300)
             select (model, policy, calls)).ToArbitrary(),
            one =>
            {
                var expression = CronExpression.Parse(one.model.Text);

                // Through the end of summer time; the last tick is what the processes share.
                var start = new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
                var (clock, latest, last) = (start, start, start);
                var planned = new List<DateTimeOffset>();
                foreach (var (wait, skew) in one.calls)
                {
                    clock = clock.AddSeconds(wait);
                    var now = clock.AddSeconds(skew);
                    latest = now > latest ? now : latest;

                    // Nobody was away for longer than the tolerance, so nothing is missed under any policy.
                    var plan = MissedRunPlan.Make(expression, _newYork, last, now, one.policy, TimeSpan.FromSeconds(600 + 120), 10_000);
                    planned.AddRange(plan.Due);
                    last = plan.Last;
                }

                return planned.SequenceEqual(expression.Between(start, latest, _newYork, int.MaxValue));
            }));

    private static (int Due, DateTimeOffset Last, DateTimeOffset? Next, bool Dropped) Shape(MissedRunPlan plan) => (plan.Due.Count, plan.Last, plan.Next, plan.Dropped);

    private static DateTimeOffset At(string time) => _noon.AddHours(-12) + TimeSpan.Parse(time, System.Globalization.CultureInfo.InvariantCulture);
}
