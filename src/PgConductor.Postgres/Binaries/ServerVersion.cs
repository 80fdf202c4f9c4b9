using System.Globalization;
using System.Text.RegularExpressions;

namespace PgConductor.Postgres.Binaries;

/// <summary>The version of a server, as its programs tell it.</summary>
internal static partial class ServerVersion
{
    /// <summary>The major version in a line such as "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"; null when there is none.</summary>
    public static int? ParseMajor(string text)
    {
        Match match = Line().Match(text);
        return match.Success ? int.Parse(match.Groups["major"].ValueSpan, CultureInfo.InvariantCulture) : null;
    }

    // Development versions have a word after the number: 19devel, 18beta1, 18rc1.
    [GeneratedRegex(@"\(PostgreSQL\) (?<major>[0-9]{1,3})(\.[0-9]+)*(devel|alpha|beta|rc)?[0-9]*(\s|\z)", RegexOptions.ExplicitCapture)]
    private static partial Regex Line();
}
