using System.Text.Encodings.Web;

namespace PgConductor.Serialization;

/// <summary>Escapes as little as JSON needs, and refuses half surrogate pairs, which the stock encoders silently replace.</summary>
internal sealed unsafe class StrictJavaScriptEncoder : JavaScriptEncoder
{
    private readonly JavaScriptEncoder _inner = UnsafeRelaxedJsonEscaping;

    public override int MaxOutputCharactersPerInputCharacter => _inner.MaxOutputCharactersPerInputCharacter;

    public override int FindFirstCharacterToEncode(char* text, int textLength)
    {
        var span = new ReadOnlySpan<char>(text, textLength);
        for (var i = span.IndexOfAnyInRange('\uD800', '\uDFFF'); i >= 0 && i < span.Length; i++)
        {
            if (char.IsHighSurrogate(span[i]) && i + 1 < span.Length && char.IsLowSurrogate(span[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(span[i]))
            {
                throw new LoneSurrogateException(span[i], i);
            }
        }

        return _inner.FindFirstCharacterToEncode(text, textLength);
    }

    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten) =>
        _inner.TryEncodeUnicodeScalar(unicodeScalar, buffer, bufferLength, out numberOfCharactersWritten);

    public override bool WillEncode(int unicodeScalar) => _inner.WillEncode(unicodeScalar);
}

/// <summary>Text with half a surrogate pair was to be serialised.</summary>
internal sealed class LoneSurrogateException(char unit, int index) : Exception($"a lone surrogate U+{(int)unit:X4} at character {index} of a string");
