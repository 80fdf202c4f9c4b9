using System.Text.RegularExpressions;
using PgConductor.Client;
using Xunit;

namespace PgConductor.UnitTests.Client;

public sealed class InvocationRulesTests
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("?")]
    [InlineData(@"\u0002a")]
    [InlineData(@"a\u0000")]
    [InlineData(@"\udc00")]
    public void A_task_key_that_cannot_be_is_refused(string? key)
    {
        // Escaped above: an attribute cannot carry half of a pair.
        key = key?.Contains('\\', StringComparison.Ordinal) == true ? Regex.Unescape(key) : key;
        Refused(() => InvocationRules.Check(key!, InvokeOptions.Default));
    }

    [Fact]
    public void Lengths_are_counted_in_bytes()
    {
        InvocationRules.Check(new string('x', 200), new InvokeOptions { DedupeKey = new string('k', 1000), Queue = new string('q', 200) });
        Refused(() => InvocationRules.Check(new string('ä', 101), InvokeOptions.Default));
        Refused(() => InvocationRules.Check("t", new InvokeOptions { DedupeKey = new string('ä', 501) }));
        Refused(() => InvocationRules.Check("t", new InvokeOptions { Queue = new string('ä', 101) }));
    }

    public static TheoryData<string, InvokeOptions> Faults => new()
    {
        { "Priority -101", new InvokeOptions { Priority = -101 } },
        { "Priority 101", new InvokeOptions { Priority = 101 } },
        { "MaxAttempts 0", new InvokeOptions { MaxAttempts = 0 } },
        { "MaxAttempts 32768", new InvokeOptions { MaxAttempts = 32768 } },
        { "dedupe key of 0 bytes", new InvokeOptions { DedupeKey = "" } },
        { "U+0000 at character 1", new InvokeOptions { DedupeKey = "a\0" } },
        { "half of a surrogate pair at character 2", new InvokeOptions { DedupeKey = "ab\ud800c" } },
        { "queue name", new InvokeOptions { Queue = "" } },
        { "queue name", new InvokeOptions { Queue = "a\nb" } },
        { "half of a surrogate pair at character 0", new InvokeOptions { Queue = "\udfff" } },
        { "exclude each other", new InvokeOptions { Throttle = new Throttle(_second), Debounce = new Debounce(_second) } },
        { "neither RunAt nor DedupeKey", new InvokeOptions { Throttle = new Throttle(_second), RunAt = DateTimeOffset.UnixEpoch } },
        { "neither RunAt nor DedupeKey", new InvokeOptions { Debounce = new Debounce(_second), DedupeKey = "k" } },
        { "Throttle of 00:00:00", new InvokeOptions { Throttle = new Throttle(TimeSpan.Zero) } },
        { "Debounce of 367.00:00:00", new InvokeOptions { Debounce = new Debounce(TimeSpan.FromDays(367)) } },
        { "no edge 7", new InvokeOptions { Debounce = new Debounce(_second) { Edge = (PaceEdge)7 } } },
        { "MaxWait of 00:00:00.5", new InvokeOptions { Debounce = new Debounce(_second) { MaxWait = _second / 2 } } },
        { "MaxWait of 367", new InvokeOptions { Debounce = new Debounce(_second) { MaxWait = TimeSpan.FromDays(367) } } },
        { "Throttle key of 0 bytes", new InvokeOptions { Throttle = new Throttle(_second) { Key = "" } } },
        { "Debounce key of 1002 bytes", new InvokeOptions { Debounce = new Debounce(_second) { Key = new string('ä', 501) } } },
        { "U+0000 at character 1", new InvokeOptions { Throttle = new Throttle(_second) { Key = "a\0" } } },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Each_fault_is_named(string named, InvokeOptions options)
    {
        Assert.Contains(named, Refused(() => InvocationRules.Check("t", options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_limits_and_any_valid_text_are_good()
    {
        InvocationRules.Check("😀", new InvokeOptions { Priority = -100, MaxAttempts = 1, DedupeKey = "😀 \n", Queue = "😀" });
        InvocationRules.Check("t", new InvokeOptions { Priority = 100, MaxAttempts = 32767 });
        InvocationRules.Check("t", new InvokeOptions { Throttle = new Throttle(TimeSpan.FromMilliseconds(1)) { Key = new string('k', 1000), Edge = PaceEdge.Trailing } });
        InvocationRules.Check("t", new InvokeOptions { Debounce = new Debounce(TimeSpan.FromDays(366)) { Edge = PaceEdge.Leading, MaxWait = TimeSpan.FromDays(366) } });
        Assert.Throws<ArgumentNullException>(() => InvocationRules.CheckQueue(null!));
    }

    private static ConductorException Refused(Action check)
    {
        var exception = Assert.Throws<ConductorException>(check);
        Assert.Equal((ConductorErrorCode.InvalidArgument, false), (exception.Code, exception.IsTransient));
        return exception;
    }
}
