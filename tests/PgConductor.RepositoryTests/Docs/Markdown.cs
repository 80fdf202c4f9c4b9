using System.Text.RegularExpressions;
using PgConductor.RepositoryTests.Support;

namespace PgConductor.RepositoryTests.Docs;

/// <summary>The documents, their code blocks, links and tables.</summary>
internal static partial class Markdown
{
    public static IReadOnlyList<SourceFile> Documents { get; } = [.. Repository.Sources("", ".md")];

    /// <summary>Fenced blocks with their language and the line before the fence.</summary>
    public static IEnumerable<CodeBlock> Blocks(SourceFile document)
    {
        var lines = document.Text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var fence = Fence().Match(lines[i]);
            if (!fence.Success)
            {
                continue;
            }

            var end = Array.FindIndex(lines, i + 1, line => line.StartsWith("```", StringComparison.Ordinal));
            if (end < 0)
            {
                throw new InvalidOperationException($"{document.Path}:{i + 1} opens a block that is never closed.");
            }

            yield return new CodeBlock(document.Path, i + 1, fence.Groups[1].Value, i > 0 ? lines[i - 1].Trim() : "", string.Join('\n', lines[(i + 1)..end]) + "\n");
            i = end;
        }
    }

    /// <summary>The targets of links, outside of code.</summary>
    public static IEnumerable<string> Links(SourceFile document) =>
        Link().Matches(InlineCode().Replace(BlockText().Replace(document.Text, ""), "")).Select(match => match.Groups[1].Value);

    /// <summary>The anchors of headings, as GitHub makes them.</summary>
    public static IEnumerable<string> Anchors(SourceFile document) =>
        Heading().Matches(BlockText().Replace(document.Text, "")).Select(match => NotInAnchor().Replace(match.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    /// <summary>The cells of the table below a heading, without its two header lines.</summary>
    public static IReadOnlyList<string[]> Table(string path, string heading)
    {
        var lines = Repository.Read(path).Split('\n');
        var start = Array.FindIndex(lines, line => line.StartsWith('#') && line.TrimStart('#').Trim() == heading);
        var first = Array.FindIndex(lines, Math.Max(start, 0), line => line.StartsWith('|'));
        if (start < 0 || first < 0)
        {
            throw new InvalidOperationException($"{path} has no table below a heading \"{heading}\".");
        }

        return [.. lines.Skip(first + 2).TakeWhile(line => line.StartsWith('|')).Select(line => line.Trim('|', ' ').Split(" | ").Select(cell => cell.Trim().Trim('`')).ToArray())];
    }

    [GeneratedRegex(@"^```(\w+)\s*$")]
    private static partial Regex Fence();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex BlockText();

    [GeneratedRegex("`[^`\n]*`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();
}

/// <summary>A fenced block of a document.</summary>
internal sealed record CodeBlock(string Path, int Line, string Language, string LineBefore, string Text)
{
    public override string ToString() => $"{Path}:{Line}";
}
