using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using PgConductor.Serialization;
using Xunit;

namespace PgConductor.UnitTests.Serialization;

public sealed class StrictJavaScriptEncoderTests
{
    private static readonly JsonSerializerOptions _strict = new() { Encoder = new StrictJavaScriptEncoder() };
    private static readonly JsonSerializerOptions _stock = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public void Valid_text_is_written_as_the_stock_encoder_writes_it_and_the_rest_is_refused()
    {
        Prop.ForAll(JsonTextTests.HardText, text =>
        {
            var valid = text == Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            try
            {
                return JsonSerializer.Serialize(text, _strict) == JsonSerializer.Serialize(text, _stock) && valid;
            }
            catch (LoneSurrogateException)
            {
                return !valid;
            }
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(@"\ud800", "U+D800 at character 0")]
    [InlineData(@"ab\udc00c", "U+DC00 at character 2")]
    [InlineData(@"😀\ud83d", "U+D83D at character 2")]
    [InlineData(@"'needs\tescaping' \ud83d'", "U+D83D at character 17")]
    public void Half_a_pair_is_named_with_its_place(string text, string named)
    {
        // Escaped above: an attribute cannot carry half of a pair.
        text = Regex.Unescape(text);
        Assert.Contains(named, Assert.Throws<LoneSurrogateException>(() => JsonSerializer.Serialize(text, _strict)).Message, StringComparison.Ordinal);
        Assert.Throws<LoneSurrogateException>(() => JsonSerializer.Serialize(new Dictionary<string, int> { [text] = 1 }, _strict));
    }

    [Fact]
    public void Little_is_escaped()
    {
        Assert.Equal("\"ä€<>&'+\\\"\\n\\u0001\"", JsonSerializer.Serialize("ä€<>&'+\"\n\u0001", _strict));
        Assert.Equal("\"\"", JsonSerializer.Serialize("", _strict));
        Assert.True(new StrictJavaScriptEncoder().WillEncode('"'));
        Assert.False(new StrictJavaScriptEncoder().WillEncode('a'));
    }
}
