using FsCheck;
using FsCheck.Fluent;
using PgConductor.Schedules;
using Xunit;

namespace PgConductor.UnitTests.Schedules;

/// <summary>What holds for every expression, against a reader of the calendar that tries every minute.</summary>
public sealed class CronPropertyTests
{
    private static readonly Config _config = Config.QuickThrowOnFailure.WithMaxTest(150);

    private static readonly Gen<DateTimeOffset> _instants = Gen.Choose(0, 60 * 366 * 24 * 60).Select(minutes => new DateTimeOffset(1999, 12, 31, 23, 59, 58, TimeSpan.Zero).AddMinutes(minutes));

    [Fact]
    public void The_next_tick_comes_after_and_is_selected_and_nothing_between_is_left_out_by_the_minute() =>
        Walk(from model in CronModel.Times from start in _instants select (model, start), TimeSpan.FromMinutes(1), 3 * 24 * 60);

    [Fact]
    public void The_next_tick_comes_after_and_is_selected_and_nothing_between_is_left_out_by_the_day() =>
        Walk(from model in CronModel.Midnights from start in _instants select (model, start), TimeSpan.FromDays(1), 4 * 366);

    [Fact]
    public void The_next_tick_comes_after_and_is_selected_and_nothing_between_is_left_out_by_the_second() =>
        Walk(from model in CronModel.Any from start in _instants select (model, start), TimeSpan.FromSeconds(1), 2 * 60 * 60);

    [Fact]
    public void What_is_written_is_read_back_as_the_same_and_written_the_same() =>
        Check.One(_config.WithMaxTest(1000), Prop.ForAll(CronModel.Any.ToArbitrary(), model =>
        {
            var expression = CronExpression.Parse(model.Text);
            var again = CronExpression.Parse(expression.ToString());
            return (again == expression && again.ToString() == expression.ToString() && again.GetHashCode() == expression.GetHashCode()).Label($"{model.Text} is written {expression} and then {again}");
        }));

    [Fact]
    public void No_text_whatever_leads_to_another_end_than_an_expression_or_a_fault() =>
        Check.One(_config.WithMaxTest(2000), Prop.ForAll(
            Gen.Elements("*", "/", "-", ",", "#", "L", "W", "?", "0", "5", "31", "99", " ", " ", " ", "MON", "JAN", "@", "\0", "😀").ListOf().Select(parts => string.Concat(parts)).ToArbitrary(),
            text => CronExpression.TryParse(text, out var expression, out var fault) ? expression.ToString().Length > 0 : fault.EndsWith('.')));

    private static void Walk(Gen<(CronModel Model, DateTimeOffset Start)> cases, TimeSpan step, int steps) =>
        Check.One(_config, Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var expression = CronExpression.Parse(one.Model.Text);
            var tick = expression.Next(one.Start, TimeZoneInfo.Utc);
            var end = one.Start;

            // Whole steps from the first one after the start.
            var walk = new DateTime(((one.Start.UtcTicks / step.Ticks) + 1) * step.Ticks);
            for (var count = 0; count < steps; count++, walk += step)
            {
                if (one.Model.Matches(walk))
                {
                    if (tick?.UtcDateTime != walk)
                    {
                        return false.Label($"{one.Model.Text} after {end:O}: {tick:O} instead of {walk:O}");
                    }

                    end = tick.Value;
                    tick = expression.Next(end, TimeZoneInfo.Utc);
                }
            }

            return (tick is null || (tick > end && tick.Value.UtcDateTime >= walk && one.Model.Matches(tick.Value.UtcDateTime))).Label($"{one.Model.Text} after {end:O}: {tick:O} is not after {walk:O}");
        }));
}
