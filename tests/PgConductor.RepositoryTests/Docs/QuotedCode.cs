using System.Text.RegularExpressions;
using PgConductor.RepositoryTests.Support;

namespace PgConductor.RepositoryTests.Docs;

/// <summary>The regions of compiled code that documents may quote: between "docs:start name" and "docs:end" in a comment.</summary>
internal static partial class QuotedCode
{
    /// <summary>Regions of a file, by name, with the common indentation removed.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Regions(SourceFile file) =>
        Region().Matches(file.Text).Select(match => KeyValuePair.Create(match.Groups["name"].Value, Outdent(match.Groups["code"].Value)));

    private static string Outdent(string code)
    {
        var lines = code.Split('\n');
        var indent = lines.Where(line => line.Trim().Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line.Length >= indent ? line[indent..] : line.Trim())).Trim('\n') + "\n";
    }

    [GeneratedRegex(@"^[ \t]*// docs:start (?<name>[\w-]+)\n(?<code>.*?)^[ \t]*// docs:end", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Region();
}
