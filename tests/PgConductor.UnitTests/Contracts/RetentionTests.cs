using Xunit;

namespace PgConductor.UnitTests.Contracts;

public sealed class RetentionTests
{
    [Fact]
    public void None_forever_and_a_time_are_different()
    {
        Assert.Equal((0, "none"), (Retention.None.Seconds, $"{Retention.None}"));
        Assert.Equal((-1, "forever"), (Retention.Forever.Seconds, $"{Retention.Forever}"));
        Assert.Equal((90, "00:01:30"), (Retention.For(TimeSpan.FromSeconds(90)).Seconds, $"{Retention.For(TimeSpan.FromSeconds(90))}"));
        Assert.Equal(Retention.For(TimeSpan.FromHours(1)), Retention.For(TimeSpan.FromMinutes(60)));
        Assert.Equal(Retention.None, default);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(36525 * 86400.0 + 1)]
    public void A_time_that_cannot_be_is_refused_with_the_remedy(double seconds)
    {
        var exception = Assert.Throws<ArgumentOutOfRangeException>(() => Retention.For(TimeSpan.FromSeconds(seconds)));

        Assert.Contains("Retention.Forever", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_longest_is_a_century()
    {
        Assert.Equal(36525 * 86400.0, Retention.For(TimeSpan.FromDays(36525)).Seconds);
    }
}
