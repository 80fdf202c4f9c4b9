using Xunit;

namespace PgConductor.UnitTests.Contracts;

public sealed class TaskLimitsTests
{
    public static TheoryData<TaskLimits, string> Faulty => new()
    {
        { new TaskLimits { Concurrency = 0 }, "Limits.Concurrency 0 must be 1 to 1000000" },
        { new TaskLimits { Concurrency = 1_000_001 }, "Limits.Concurrency 1000001" },
        { new TaskLimits { Key = "a", ConcurrencyPerKey = -1 }, "Limits.ConcurrencyPerKey -1" },
        { new TaskLimits { ConcurrencyPerKey = 1 }, "need a Key" },
        { new TaskLimits { RatePerKey = RateLimit.PerSecond(1) }, "need a Key" },
        { new TaskLimits { Fair = true }, "need a Key" },
        { new TaskLimits { Key = "a" }, "Limits.Key \"a\" needs" },
        { new TaskLimits { Key = "", Fair = true }, "Limits.Key \"\" must be 1 to 20 names" },
        { new TaskLimits { Key = "a..b", Fair = true }, "Limits.Key \"a..b\"" },
        { new TaskLimits { Key = string.Join('.', Enumerable.Repeat("a", 21)), Fair = true }, "1 to 20 names" },
        { new TaskLimits { Key = "a\0", Fair = true }, "valid text" },
        { new TaskLimits { Rate = RateLimit.PerSecond(0) }, "Limits.Rate: Count 0" },
        { new TaskLimits { Rate = new RateLimit(1, TimeSpan.Zero) }, "Limits.Rate: Period 00:00:00" },
        { new TaskLimits { Rate = new RateLimit(1, TimeSpan.FromDays(400)) }, "a millisecond to a year" },
        { new TaskLimits { Key = "a", RatePerKey = RateLimit.PerHour(1) with { Burst = 0 } }, "Limits.RatePerKey: Burst 0" },
    };

    [Theory]
    [MemberData(nameof(Faulty))]
    public void What_cannot_be_is_refused_by_name(TaskLimits limits, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => TaskDefinition.Create<int>("t", new TaskOptions { Limits = limits })).Message, StringComparison.Ordinal);

    [Fact]
    public void All_faults_are_in_one_message()
    {
        var message = Assert.Throws<ArgumentException>(() => TaskDefinition.Create<int>("t", new TaskOptions { MaxAttempts = 0, Limits = new TaskLimits { Concurrency = 0, Rate = RateLimit.PerMinute(0) } })).Message;

        Assert.Contains("MaxAttempts 0", message, StringComparison.Ordinal);
        Assert.Contains("Limits.Concurrency 0", message, StringComparison.Ordinal);
        Assert.Contains("Limits.Rate: Count 0", message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_can_be_is_taken() =>
        Assert.NotNull(TaskDefinition.Create<int>("t", new TaskOptions { Limits = new TaskLimits { Concurrency = 1_000_000, Key = "a.0.b", ConcurrencyPerKey = 1, Fair = true, Rate = new RateLimit(1, TimeSpan.FromMilliseconds(1)) } }));
}
