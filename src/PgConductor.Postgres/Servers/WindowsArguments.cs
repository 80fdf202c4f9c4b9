namespace PgConductor.Postgres.Servers;

/// <summary>Joins arguments into the one string that <c>pg_ctl -o</c> hands to the Windows command interpreter.</summary>
internal static class WindowsArguments
{
    /// <exception cref="LocalPostgresException">An argument holds a character that the interpreter would change (invalid-option).</exception>
    public static string Join(IEnumerable<string> arguments) => string.Join(' ', arguments.Select(Quote));

    private static string Quote(string argument)
    {
        if (argument.AsSpan().IndexOfAny('"', '%') >= 0)
        {
            throw new LocalPostgresException(
                LocalPostgresErrors.InvalidOption,
                $"The server setting '{argument}' holds a double quote or a percent sign, which cannot be passed on Windows; set it in postgresql.conf."
            );
        }

        // A backslash before the closing quote would escape it.
        return argument.EndsWith('\\') ? $"\"{argument}\\\"" : $"\"{argument}\"";
    }
}
