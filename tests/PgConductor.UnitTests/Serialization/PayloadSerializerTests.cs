using System.Text;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using PgConductor.Serialization;
using Xunit;

namespace PgConductor.UnitTests.Serialization;

public sealed partial class PayloadSerializerTests
{
    private readonly PayloadSerializer _serializer = new(null, 1000);

    [Fact]
    public void Values_come_back_as_they_were()
    {
        var order = new Order(7, "Jürgen 😀", [1.5m]);
        var json = _serializer.Serialize(order, "payload");

        Assert.Equal("""{"id":7,"name":"Jürgen \uD83D\uDE00","prices":[1.5]}""", Encoding.UTF8.GetString(json));
        var back = _serializer.Deserialize<Order>(json, "payload");
        Assert.Equal((7, "Jürgen 😀", 1.5m), (back.Id, back.Name, back.Prices[0]));
        Assert.Equal("null", Encoding.UTF8.GetString(_serializer.Serialize<string?>(null, "payload")));
        Assert.Null(_serializer.Deserialize<string?>("null"u8, "payload"));
    }

    [Fact]
    public void A_source_generated_context_is_enough_for_its_types_and_named_for_others()
    {
        var serializer = new PayloadSerializer(Context.Default, 1000);

        Assert.Equal(7, serializer.Deserialize<Order>(serializer.Serialize(new Order(7, "", []), "payload"), "payload").Id);
        var exception = Refused(() => serializer.Serialize(new Uri("http://a"), "payload of task \"t\""));
        Assert.Contains("payload of task \"t\"", exception.Message, StringComparison.Ordinal);
        Assert.Contains("System.Uri", exception.Message, StringComparison.Ordinal);
        Assert.Contains("source-generated context", exception.Message, StringComparison.Ordinal);
        Refused(() => serializer.Deserialize<Uri>("\"http://a\""u8, "payload"));
    }

    [Theory]
    [InlineData(@"a\u0000b", "U+0000")]
    [InlineData(@"a\ud800b", "U+D800 at character 1")]
    public void Text_that_cannot_be_stored_is_refused_by_name(string text, string named)
    {
        // Escaped above: an attribute cannot carry half of a pair.
        text = Regex.Unescape(text);
        Assert.Contains(named, Refused(() => _serializer.Serialize(new Order(1, text, []), "the thing")).Message, StringComparison.Ordinal);
        Assert.Contains("the thing", Refused(() => _serializer.Serialize(text, "the thing")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_much_is_refused_with_both_sizes()
    {
        Assert.Equal(1000, _serializer.Serialize(new string('a', 998), "payload").Length);
        var exception = Refused(() => _serializer.Serialize(new string('a', 999), "payload"));
        Assert.Contains("1001 bytes", exception.Message, StringComparison.Ordinal);
        Assert.Contains("1000", exception.Message, StringComparison.Ordinal);
        Assert.Contains("MaxPayloadBytes", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_written_or_read_is_refused()
    {
        var cycle = new List<object>();
        cycle.Add(cycle);
        Refused(() => _serializer.Serialize(cycle, "payload"));
        Refused(() => _serializer.Serialize(double.NaN, "payload"));
        Refused(() => _serializer.Serialize<Action>(() => { }, "payload"));
        Assert.Contains("System.Int32", Refused(() => _serializer.Deserialize<int>("\"x\""u8, "payload")).Message, StringComparison.Ordinal);
        Refused(() => _serializer.Deserialize<int>("{"u8, "payload"));
        Refused(() => _serializer.Check("\"\\u0000\""u8.ToArray(), "payload"));
        Assert.Equal("1"u8.ToArray(), _serializer.Check("1"u8.ToArray(), "payload"));
    }

    private static ConductorException Refused(Action act)
    {
        var exception = Assert.Throws<ConductorException>(act);
        Assert.Equal((ConductorErrorCode.InvalidPayload, false), (exception.Code, exception.IsTransient));
        return exception;
    }

    internal sealed record Order(int Id, string Name, decimal[] Prices);

    [JsonSerializable(typeof(Order))]
    private sealed partial class Context : JsonSerializerContext;
}
