using System.Text;
using FsCheck;
using FsCheck.Fluent;
using PgConductor.Serialization;
using Xunit;

namespace PgConductor.UnitTests.Serialization;

public sealed class JsonTextTests
{
    /// <summary>Text made of what is hard: halves of pairs, NUL, backslashes, quotes, and the letters of an escape.</summary>
    internal static readonly Arbitrary<string> HardText = Gen.Elements(
            "\0", "\ud800", "\udbff", "\udc00", "\udfff", "\\", "\"", "u", "0000", "d800", "dc00", "\\u", "\\u0000", "\\\\u0000", "a", "ä", "😀", "\u2028", "\n", "\u007f", "\ufffd", "\uffff")
        .ListOf()
        .Select(parts => string.Concat(parts))
        .ToArbitrary();

    [Fact]
    public void What_is_found_in_json_is_what_a_naive_reader_finds()
    {
        Prop.ForAll(HardText, text => JsonText.FindFault(Encoding.UTF8.GetBytes(Valid(text))) is null == NaiveIsFine(Valid(text))).QuickCheckThrowOnFailure();
        Prop.ForAll(HardText, text => JsonText.FindFault(Encoding.UTF8.GetBytes(Escaped(text))) is null == NaiveIsFine(Escaped(text))).QuickCheckThrowOnFailure();
        Prop.ForAll(HardText, text => JsonText.FindFault(Encoding.UTF8.GetBytes(Escaped(text))) is null == (StorableText.FindFault(text) is null)).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("""{"a":"b"}""", null)]
    [InlineData("""{"a":"\\u0000"}""", null)]
    [InlineData("""{"a":"\\\u0000"}""", "U+0000 at byte 8")]
    [InlineData("""["\u0000"]""", "U+0000 at byte 2")]
    [InlineData("""["\ud83d\ude00"]""", null)]
    [InlineData("""["\uD83D\uDE00"]""", null)]
    [InlineData("""["\ud83d"]""", "lone surrogate \\ud83d at byte 2")]
    [InlineData("""["\ude00\ud83d"]""", "lone surrogate \\ude00 at byte 2")]
    [InlineData("""["\ud83d\ud83d\ude00"]""", "lone surrogate \\ud83d at byte 2")]
    [InlineData("""["\ud83d\\ude00"]""", "lone surrogate \\ud83d at byte 2")]
    [InlineData("""["\u12""", "incomplete")]
    [InlineData("""["\u12g4"]""", "incomplete")]
    [InlineData("\"\\", null)]
    [InlineData("", null)]
    public void Faults_are_named_with_their_place(string json, string? fault)
    {
        var found = JsonText.FindFault(Encoding.UTF8.GetBytes(json));

        Assert.Equal(fault is null, found is null);
        Assert.Contains(fault ?? "", found ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Cleaned_text_can_be_stored_and_is_otherwise_the_same()
    {
        Prop.ForAll(HardText, text =>
        {
            var clean = JsonText.Clean(text, int.MaxValue);
            return StorableText.FindFault(clean) is null
                && clean.Length == text.Length
                && clean.Zip(text).All(pair => pair.First == pair.Second || (pair.First == '\ufffd' && (pair.Second == '\0' || char.IsSurrogate(pair.Second))))
                && (StorableText.FindFault(text) is not null || clean == text);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Cut_text_can_be_stored_too()
    {
        Prop.ForAll(HardText, text => Enumerable.Range(0, text.Length + 1).All(length =>
        {
            var clean = JsonText.Clean(text, length);
            return clean.Length == length && StorableText.FindFault(clean) is null;
        })).QuickCheckThrowOnFailure();
        Assert.Equal("a\ufffd", JsonText.Clean("a😀", 2));
        Assert.Equal("ab", JsonText.Clean("abc", 2));
    }

    /// <summary>The text as a JSON string whose raw part is valid, with escapes inside as they come: often broken ones.</summary>
    private static string Valid(string text) => $"\"{JsonText.Clean(text, int.MaxValue).Replace("\n", "", StringComparison.Ordinal).Replace("\ufffd", "\\ud800", StringComparison.Ordinal)}\"";

    /// <summary>The text with every unit escaped.</summary>
    private static string Escaped(string text) => $"\"{string.Concat(text.Select(unit => $"\\u{(int)unit:x4}"))}\"";

    /// <summary>Reads unit by unit what a JSON reader would see, and looks for NUL and halves there.</summary>
    private static bool NaiveIsFine(string json)
    {
        var seen = new List<char>();
        for (var i = 0; i < json.Length; i++)
        {
            if (json[i] != '\\')
            {
                seen.Add(json[i]);
            }
            else if (i + 1 < json.Length && json[i + 1] == 'u')
            {
                if (i + 6 > json.Length || !json.AsSpan(i + 2, 4).ToString().All(char.IsAsciiHexDigit))
                {
                    return false;
                }

                seen.Add((char)Convert.ToInt32(json.Substring(i + 2, 4), 16));
                i += 5;
            }
            else
            {
                // An escape of one character; in what is no valid JSON, the backslash may stand before anything.
                seen.Add(' ');
                i += i + 1 < json.Length && char.IsAscii(json[i + 1]) ? 1 : 0;
            }
        }

        var text = new string([.. seen]);
        return !text.Contains('\0', StringComparison.Ordinal) && text == Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
    }
}
