using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using PgConductor.Serialization;
using Xunit;

namespace PgConductor.UnitTests.Serialization;

public sealed class FailureRecordTests
{
    [Fact]
    public void A_failure_keeps_type_message_stack_and_causes()
    {
        var record = Read(FailureRecord.From(Thrown(new InvalidOperationException("outer", new FormatException("inner", new NotSupportedException("core"))))));

        Assert.Equal("System.InvalidOperationException", record.GetProperty("type").GetString());
        Assert.Equal("outer ---> FormatException: inner ---> NotSupportedException: core", record.GetProperty("message").GetString());
        Assert.Contains(nameof(Thrown), record.GetProperty("stack").GetString(), StringComparison.Ordinal);
        Assert.False(Read(FailureRecord.From(new InvalidOperationException("never thrown"))).TryGetProperty("stack", out _));
    }

    [Fact]
    public void Any_text_becomes_a_record_that_can_be_stored()
    {
        Prop.ForAll(JsonTextTests.HardText, text => JsonText.FindFault(FailureRecord.Write(text, text, text)) is null).QuickCheckThrowOnFailure();
        Prop.ForAll(JsonTextTests.HardText, text => Read(FailureRecord.From(new InvalidOperationException(text))).GetProperty("message").GetString() == JsonText.Clean(text, int.MaxValue)).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_record_is_bounded()
    {
        var record = Read(FailureRecord.Write(new string('t', 10_000), new string('m', 100_000), new string('s', 100_000)));

        Assert.Equal((500, FailureRecord.MaxMessageLength, FailureRecord.MaxStackLength), (record.GetProperty("type").GetString()!.Length, record.GetProperty("message").GetString()!.Length, record.GetProperty("stack").GetString()!.Length));
    }

    [Fact]
    public void An_exception_without_a_message_is_recorded_all_the_same()
    {
        Assert.Equal("no message", Read(FailureRecord.From(new Mute())).GetProperty("message").GetString());
    }

    private static JsonElement Read(byte[] json) => JsonSerializer.Deserialize<JsonElement>(json);

    private static Exception Thrown(Exception exception)
    {
        try
        {
            throw exception;
        }
        catch (Exception thrown)
        {
            return thrown;
        }
    }

    private sealed class Mute : Exception
    {
        public override string Message => null!;
    }
}
