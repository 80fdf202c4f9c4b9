using System.Text.RegularExpressions;
using PgConductor.Client;
using Xunit;

namespace PgConductor.UnitTests.Client;

public sealed class InvocationRulesTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("?")]
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
        Assert.Throws<ArgumentNullException>(() => InvocationRules.CheckQueue(null!));
    }

    private static ConductorException Refused(Action check)
    {
        var exception = Assert.Throws<ConductorException>(check);
        Assert.Equal((ConductorErrorCode.InvalidArgument, false), (exception.Code, exception.IsTransient));
        return exception;
    }
}
