using PgConductor.Schedules;
using Xunit;

namespace PgConductor.UnitTests.Schedules;

/// <summary>What is not an expression, and how one that is, is written.</summary>
public sealed class CronParserTests
{
    [Theory]
    [InlineData("", "it has 0 fields: give 5 (minute, hour, day-of-month, month, day-of-week) or 6 (second first)")]
    [InlineData("every day", "it has 2 fields: give 5")]
    [InlineData("* * * *", "it has 4 fields: give 5")]
    [InlineData("0 0 12 * * ? 2026", "it has 7 fields: give 5 (minute, hour, day-of-month, month, day-of-week) or 6 (second first); there is no field for the year")]
    [InlineData("@reboot", "\"@reboot\" is not known: give @yearly, @annually, @monthly, @weekly, @daily, @midnight or @hourly, or fields")]
    [InlineData("60 * * * * *", "second 60 is out of range: give 0 to 59")]
    [InlineData("60 * * * *", "minute 60 is out of range: give 0 to 59")]
    [InlineData("0-99 * * * *", "minute 99 is out of range: give 0 to 59")]
    [InlineData("0 24 * * *", "hour 24 is out of range: give 0 to 23")]
    [InlineData("0 0 0 * *", "day-of-month 0 is out of range: give 1 to 31")]
    [InlineData("0 0 32 * *", "day-of-month 32 is out of range: give 1 to 31")]
    [InlineData("0 0 * 0 *", "month 0 is out of range: give 1 to 12 or JAN to DEC")]
    [InlineData("0 0 * 13 *", "month 13 is out of range: give 1 to 12 or JAN to DEC")]
    [InlineData("0 0 * * 8", "day-of-week 8 is out of range: give 0 to 7 (0 and 7 are Sunday) or SUN to SAT")]
    [InlineData("99999999999 * * * *", "minute 99999999999 is out of range: give 0 to 59")]
    [InlineData("-1 * * * *", "\"\" is not a value of the minute field: give 0 to 59")]
    [InlineData("1.5 * * * *", "\"1.5\" is not a value of the minute field: give 0 to 59")]
    [InlineData("+5 * * * *", "\"+5\" is not a value of the minute field: give 0 to 59")]
    [InlineData("٣ * * * *", "\"٣\" is not a value of the minute field: give 0 to 59")]
    [InlineData("1- * * * *", "\"\" is not a value of the minute field: give 0 to 59")]
    [InlineData("1-2-3 * * * *", "\"2-3\" is not a value of the minute field: give 0 to 59")]
    [InlineData("** * * * *", "\"**\" is not a value of the minute field: give 0 to 59")]
    [InlineData("*-5 * * * *", "\"*\" is not a value of the minute field: give 0 to 59")]
    [InlineData("0 0 * Monday *", "\"Monday\" is not a value of the month field: give 1 to 12 or JAN to DEC")]
    [InlineData("0 0 * * MONDAY", "\"MONDAY\" is not a value of the day-of-week field: give 0 to 7 (0 and 7 are Sunday) or SUN to SAT")]
    [InlineData("MON * * * *", "\"MON\" is not a value of the minute field: give 0 to 59")]
    [InlineData("H * * * *", "\"H\" is not a value of the minute field: give 0 to 59")]
    [InlineData("*/0 * * * *", "the step of \"*/0\" in the minute field is \"0\": give 1 to 59")]
    [InlineData("*/60 * * * *", "the step of \"*/60\" in the minute field is \"60\": give 1 to 59")]
    [InlineData("*/ * * * *", "the step of \"*/\" in the minute field is \"\": give 1 to 59")]
    [InlineData("1/2/3 * * * *", "the step of \"1/2/3\" in the minute field is \"2/3\": give 1 to 59")]
    [InlineData("*/-1 * * * *", "the step of \"*/-1\" in the minute field is \"-1\": give 1 to 59")]
    [InlineData("0 */24 * * *", "the step of \"*/24\" in the hour field is \"24\": give 1 to 23")]
    [InlineData("0 0 * * */7", "the step of \"*/7\" in the day-of-week field is \"7\": give 1 to 6")]
    [InlineData("1,,2 * * * *", "the list \"1,,2\" of the minute field has an empty item: remove the surplus comma")]
    [InlineData("1, * * * *", "the list \"1,\" of the minute field has an empty item: remove the surplus comma")]
    [InlineData("? * * * *", "\"?\" in \"?\" of the minute field is not possible: write *; only day-of-month and day-of-week take it, alone")]
    [InlineData("0 0 1,? * *", "\"?\" in \"1,?\" of the day-of-month field is not possible: write *; only day-of-month and day-of-week take it, alone")]
    [InlineData("0 0 28-3 * *", "the range 28-3 of the day-of-month field goes backwards, and months differ in length: write 28-31,1-3")]
    [InlineData("L * * * *", "\"L\" is not a value of the minute field: give 0 to 59")]
    [InlineData("0 0 L3 * *", "\"L3\" is not a value of the day-of-month field: give L, L-n, LW or L-nW")]
    [InlineData("0 0 L-0 * *", "the days before the last of \"L-0\" in the day-of-month field is \"0\": give 1 to 30")]
    [InlineData("0 0 L-31 * *", "the days before the last of \"L-31\" in the day-of-month field is \"31\": give 1 to 30")]
    [InlineData("0 0 W * *", "the day of \"W\" in the day-of-month field is \"\": give 1 to 31")]
    [InlineData("0 0 32W * *", "the day of \"32W\" in the day-of-month field is \"32\": give 1 to 31")]
    [InlineData("0 0 1-5W * *", "the day of \"1-5W\" in the day-of-month field is \"1-5\": give 1 to 31")]
    [InlineData("0 0 * * L", "\"L\" alone in the day-of-week field is read in two ways: write 6 or SAT for every Saturday, 5L for the last Friday of the month")]
    [InlineData("0 0 * * 8L", "day-of-week 8 is out of range: give 0 to 7 (0 and 7 are Sunday) or SUN to SAT")]
    [InlineData("0 0 * * 5W", "\"5W\" is not a value of the day-of-week field: give 0 to 7 (0 and 7 are Sunday) or SUN to SAT")]
    [InlineData("0 0 * * 5#0", "the week of \"5#0\" in the day-of-week field is \"0\": give 1 to 5")]
    [InlineData("0 0 * * 5#6", "the week of \"5#6\" in the day-of-week field is \"6\": give 1 to 5")]
    [InlineData("0 0 * * #1", "\"\" is not a value of the day-of-week field: give 0 to 7 (0 and 7 are Sunday) or SUN to SAT")]
    [InlineData("0 0 5#1 * *", "\"5#1\" is not a value of the day-of-month field: give 1 to 31")]
    public void A_fault_is_named_with_its_field_its_value_and_the_remedy(string text, string fault)
    {
        var exception = Assert.Throws<ConductorException>(() => CronExpression.Parse(text));

        Assert.Equal(ConductorErrorCode.InvalidArgument, exception.Code);
        Assert.False(exception.IsTransient);
        Assert.StartsWith($"The cron expression \"{text}\" cannot be read: {fault}", exception.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", exception.Message, StringComparison.Ordinal);
        Assert.False(CronExpression.TryParse(text, out var none, out var said));
        Assert.Equal((null, exception.Message), (none, said));
        Assert.False(CronExpression.TryParse(text, out _));
    }

    [Fact]
    public void Text_without_end_is_refused_and_not_repeated()
    {
        var exception = Assert.Throws<ConductorException>(() => CronExpression.Parse(new string('1', 501)));

        Assert.Contains("it has 501 characters: give at most 500", exception.Message, StringComparison.Ordinal);
        Assert.True(exception.Message.Length < 250);
    }

    [Fact]
    public void Null_is_no_expression()
    {
        Assert.Throws<ArgumentNullException>(() => CronExpression.Parse(null!));
        Assert.False(CronExpression.TryParse(null, out _));
    }

    [Theory]
    [InlineData("* * * * *", "* * * * *")]
    [InlineData("0 * * * * *", "* * * * *")]
    [InlineData("* * * * * *", "* * * * * *")]
    [InlineData("*/1 0-23 ? 1-12 SUN-SAT", "* * * * *")]
    [InlineData("@weekly", "0 0 * * 0")]
    [InlineData("0,20,40 09 1,2,3,4 JAN,FEB,MAR MON", "*/20 9 1-4 1-3 1")]
    [InlineData("0,30 22-1 5-7,1 */6 7", "0,30 0,1,22,23 1,5-7 1,7 0")]
    [InlineData("0 0 1-31/2 * *", "0 0 */2 * *")]
    [InlineData("0 0 lw,l-2w,1w,l,l-3,4,4 * 5l,6#1,5#5,3", "0 0 4,1W,L,L-3,LW,L-2W * 3,5#5,6#1,5L")]
    [InlineData("0 0 *,15W,L * 1,1#2,1L,2L", "0 0 * * 1,2L")]
    [InlineData("7 * * * * *", "7 * * * * *")]
    public void The_canonical_text_is(string text, string canonical)
    {
        Assert.Equal(canonical, CronExpression.Parse(text).ToString());
        Assert.Equal(CronExpression.Parse(text), CronExpression.Parse(canonical));
    }

    [Fact]
    public void Equal_is_what_selects_the_same()
    {
        var (one, same, other) = (CronExpression.Parse("@hourly"), CronExpression.Parse("0 0 */1 ? * 0-7"), CronExpression.Parse("1 * * * *"));

        Assert.True(one == same && one.Equals((object)same) && one.GetHashCode() == same.GetHashCode());
        Assert.True(one != other && !one.Equals((object)other) && !one.Equals(null) && one != null);
        Assert.False((CronExpression?)null != null);
    }
}
