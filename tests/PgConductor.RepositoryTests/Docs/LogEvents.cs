using System.Text.RegularExpressions;
using PgConductor.RepositoryTests.Support;

namespace PgConductor.RepositoryTests.Docs;

/// <summary>The log events of the libraries: id, name, level, message.</summary>
internal static partial class LogEvents
{
    public static IEnumerable<(string Id, string Name, string Level, string Message)> All() =>
        Repository.Sources("src/PgConductor", ".cs")
            .Where(file => !file.Path.StartsWith("src/PgConductor.Cli/", StringComparison.Ordinal))
            .SelectMany(file => Event().Matches(file.Text))
            .Select(match => (match.Groups["id"].Value, match.Groups["name"].Value, match.Groups["level"].Value, match.Groups["message"].Value));

    [GeneratedRegex(@"\[LoggerMessage\((?<id>\d+), LogLevel\.(?<level>\w+), ""(?<message>[^""]*)""\)\]\s+public static partial void (?<name>\w+)\(")]
    private static partial Regex Event();
}
