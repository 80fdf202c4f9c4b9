using System.Text;
using System.Text.RegularExpressions;
using PgConductor.RepositoryTests.Support;

namespace PgConductor.RepositoryTests.Docs;

/// <summary>Writes docs/reference/sql-functions.md from the comments and signatures of sql/functions.</summary>
internal static partial class FunctionsPage
{
    public static string Write()
    {
        var page = new StringBuilder("""
            # SQL functions

            The public functions of the schema `pgconductor`, made from the files in `sql/functions`. They are a stable API for
            every language; functions whose name starts with `_` are not. Errors of ours have SQLSTATEs of class `PC`:
            [errors](errors.md). A worker in another language: [SQL workers](../guides/sql-workers.md).

            """.ReplaceLineEndings("\n"));
        var functions = Repository.Sources("sql/functions/", ".sql").Where(file => !Path.GetFileName(file.Path).StartsWith('_'));
        foreach (var area in functions.GroupBy(file => file.Path.Split('/')[2], StringComparer.Ordinal))
        {
            page.Append("\n## ").Append(char.ToUpperInvariant(area.Key[0])).Append(area.Key[1..]).Append('\n');
            foreach (var file in area)
            {
                var match = Function().Match(file.Text);
                page.Append("\n### ").Append(Path.GetFileNameWithoutExtension(file.Path)).Append("\n\n```sql\n").Append(match.Groups["signature"].Value.Trim())
                    .Append("\n```\n\n```text\n").Append(CommentMark().Replace(match.Groups["comment"].Value, "").Trim('\n')).Append("\n```\n");
            }
        }

        return page.ToString();
    }

    [GeneratedRegex(@"^(?<comment>(?:--[^\n]*\n)+)create or replace function (?<signature>.*?)\nlanguage ", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Function();

    [GeneratedRegex("^-- ?", RegexOptions.Multiline)]
    private static partial Regex CommentMark();
}
