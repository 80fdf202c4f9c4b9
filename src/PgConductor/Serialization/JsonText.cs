using System.Globalization;

namespace PgConductor.Serialization;

/// <summary>Finds in JSON what PostgreSQL's jsonb cannot hold: an escaped NUL, or half of a surrogate pair.</summary>
internal static class JsonText
{
    /// <summary>What is wrong, with its place; null: nothing.</summary>
    /// <remarks>Looks only at \u escapes: raw text in valid JSON is valid UTF-8 and has no control characters.</remarks>
    public static string? FindFault(ReadOnlySpan<byte> json)
    {
        var offset = 0;
        while (json[offset..].IndexOf((byte)'\\') is var relative and >= 0)
        {
            var at = offset + relative;
            if (at + 1 >= json.Length)
            {
                return null;
            }

            if (json[at + 1] != (byte)'u')
            {
                offset = at + 2;
                continue;
            }

            if (!TryReadEscape(json, at, out var unit))
            {
                return $"an incomplete \\u escape at byte {at}";
            }

            if (unit == 0)
            {
                return $"the character U+0000 at byte {at}";
            }

            offset = at + 6;
            if (char.IsLowSurrogate((char)unit))
            {
                return $"a lone surrogate \\u{unit:x4} at byte {at}";
            }

            if (char.IsHighSurrogate((char)unit))
            {
                if (!TryReadEscape(json, offset, out var low) || !char.IsLowSurrogate((char)low))
                {
                    return $"a lone surrogate \\u{unit:x4} at byte {at}";
                }

                offset += 6;
            }
        }

        return null;
    }

    /// <summary>Text that jsonb can hold: NUL and halves of surrogate pairs become U+FFFD, and it is cut at a length.</summary>
    public static string Clean(string text, int maxLength)
    {
        var cut = text.Length > maxLength ? maxLength : text.Length;
        for (var i = 0; i < cut; i++)
        {
            if (text[i] == '\0' || char.IsSurrogate(text[i]))
            {
                return CleanSlowly(text, cut);
            }
        }

        return cut == text.Length ? text : text[..cut];
    }

    private static string CleanSlowly(string text, int cut)
    {
        var clean = text.AsSpan(0, cut).ToArray();
        for (var i = 0; i < clean.Length; i++)
        {
            if (char.IsHighSurrogate(clean[i]) && i + 1 < clean.Length && char.IsLowSurrogate(clean[i + 1]))
            {
                i++;
            }
            else if (clean[i] == '\0' || char.IsSurrogate(clean[i]))
            {
                clean[i] = '\uFFFD';
            }
        }

        return new string(clean);
    }

    private static bool TryReadEscape(ReadOnlySpan<byte> json, int at, out int unit)
    {
        unit = 0;
        return at + 6 <= json.Length
            && json[at] == (byte)'\\'
            && json[at + 1] == (byte)'u'
            && int.TryParse(json.Slice(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out unit);
    }
}
