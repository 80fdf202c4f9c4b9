namespace PgConductor;

/// <summary>Finds in text what PostgreSQL cannot hold.</summary>
internal static class StorableText
{
    /// <summary>What is wrong with text that is to be stored: NUL, or half of a surrogate pair; null: nothing.</summary>
    public static string? FindFault(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0')
            {
                return $"the character U+0000 at character {i}";
            }

            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return $"half of a surrogate pair at character {i}";
            }
        }

        return null;
    }
}
