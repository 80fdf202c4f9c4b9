using Xunit;

namespace PgConductor.UnitTests.Contracts;

public sealed class ExecutionWindowTests
{
    [Theory]
    [InlineData("09:00-17:00", "09:00-17:00")]
    [InlineData(" 9:00 - 17:00 ", "09:00-17:00")]
    [InlineData("mon-fri 22:00-06:00", "mon,tue,wed,thu,fri 22:00-06:00")]
    [InlineData("SAT,sun 00:00-24:00", "sat,sun 00:00-24:00")]
    [InlineData("fri-mon 10:00-11:00", "mon,fri,sat,sun 10:00-11:00")]
    [InlineData("wed, mon-tue 10:00-11:00", "mon,tue,wed 10:00-11:00")]
    [InlineData("mon-sun 10:00-11:00", "10:00-11:00")]
    [InlineData("tue-mon 10:00-11:00", "10:00-11:00")]
    [InlineData("10:00:05-11:00:06", "10:00:05-11:00:06")]
    [InlineData("22:00-00:00", "22:00-24:00")]
    [InlineData("00:00-24:00", "00:00-24:00")]
    public void Reads_what_it_writes(string text, string canonical)
    {
        var window = ExecutionWindow.Parse(text);

        Assert.Equal(canonical, window.ToString());
        Assert.Equal(window, ExecutionWindow.Parse(canonical));
        Assert.Equal(window, new ExecutionWindow(window.Start, window.End, [.. window.Days]));
        Assert.Equal(window.GetHashCode(), ExecutionWindow.Parse(canonical).GetHashCode());
    }

    [Theory]
    [InlineData("", "is not a window")]
    [InlineData("tomorrow", "is not a window")]
    [InlineData("9-17", "is not a window")]
    [InlineData("09:00-09:00", "ends where it starts")]
    [InlineData("00:00-00:00", "ends where it starts")]
    [InlineData("24:00-06:00", "must be 00:00 to 23:59:59")]
    [InlineData("09:00-24:01", "must be 00:00 to 23:59:59")]
    [InlineData("09:60-10:00", "must be 00:00 to 23:59:59")]
    [InlineData("funday 09:00-10:00", "\"funday\" is no day")]
    [InlineData("mon-tue-wed 09:00-10:00", "\"mon-tue-wed\" is no day")]
    [InlineData("mon, 09:00-10:00", "\"\" is no day")]
    public void Refuses_with_the_text_and_what_is_wrong(string text, string fault)
    {
        var error = Assert.Throws<ConductorException>(() => ExecutionWindow.Parse(text));

        Assert.Equal(ConductorErrorCode.InvalidArgument, error.Code);
        Assert.Contains($"\"{text}\"", error.Message, StringComparison.Ordinal);
        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_of_seconds_and_days_that_are_none_are_refused()
    {
        Assert.Contains("whole seconds", Assert.Throws<ConductorException>(() => new ExecutionWindow(new(9, 0, 0, 1), new(10, 0))).Message, StringComparison.Ordinal);
        Assert.Contains("8", Assert.Throws<ConductorException>(() => new ExecutionWindow(new(9, 0), new(10, 0), (DayOfWeek)8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_zone_without_a_name_and_a_hundred_and_one_windows_are_faults_of_the_task()
    {
        var faults = new List<string>();
        new TaskOptions { TimeZone = " ", Windows = [.. Enumerable.Repeat(ExecutionWindow.Parse("09:00-17:00"), 101)] }.Validate("t", faults);

        Assert.Equal(2, faults.Count);
        Assert.All(faults, fault => Assert.StartsWith("task \"t\": ", fault, StringComparison.Ordinal));
    }
}
