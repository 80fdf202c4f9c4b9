using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using PgConductor.RepositoryTests.Support;

namespace PgConductor.RepositoryTests.Code;

/// <summary>Finds SQL in C# strings that is more than one call of one public function.</summary>
internal static partial class SqlInCodeScanner
{
    private static readonly Dictionary<string, Func<string, bool>> _exceptions = new(StringComparer.Ordinal)
    {
        // Installs the schema, so it runs before there are functions.
        ["src/PgConductor/Schema/SchemaManager.cs"] = _ => true,

        // LISTEN takes no parameter and has no function form.
        ["src/PgConductor/Database/NotificationListener.cs"] = sql => sql.StartsWith("listen ", StringComparison.Ordinal),

        // COPY has no function form either; what it writes is resolved and announced by two internal functions.
        ["src/PgConductor/Database/InvocationCopy.cs"] = sql =>
            sql.StartsWith("copy pgconductor.executions (", StringComparison.Ordinal)
            || sql.EndsWith(" from pgconductor._resolve_tasks($1, $2)", StringComparison.Ordinal)
            || sql == "select pgconductor._wake(u) from unnest($1) u",
    };

    public static IEnumerable<string> FindFaults(IEnumerable<SourceFile> files) =>
        from file in files
        from text in Strings(file.Text)
        where Statement().IsMatch(text) && !Call().IsMatch(text)
        where !_exceptions.TryGetValue(file.Path, out var isException) || !isException(text)
        select $"{file.Path} has SQL that is not one call of a public function: {text}";

    private static IEnumerable<string> Strings(string code)
    {
        var root = CSharpSyntaxTree.ParseText(code).GetRoot();
        foreach (var node in root.DescendantNodes())
        {
            switch (node)
            {
                case LiteralExpressionSyntax literal when literal.IsKind(SyntaxKind.StringLiteralExpression):
                    yield return literal.Token.ValueText;
                    break;
                case InterpolatedStringExpressionSyntax interpolated:
                    yield return string.Concat(interpolated.Contents.Select(part => part is InterpolatedStringTextSyntax text ? text.TextToken.ValueText : "x"));
                    break;
                default:
                    break;
            }
        }
    }

    [GeneratedRegex(@"^\s*(select\s|with\s+\w+\s+as\s*\(|insert\s+into\s|update\s+[\w.]+\s+set\s|delete\s+from\s|merge\s+into\s|copy\s+[\w.]+\s*(\(|from|to)|create\s+(or|table|index|schema|unlogged|temp)|alter\s+(table|system)|drop\s+(table|schema|index)|truncate\s|listen\s+x|listen\s+pg|notify\s+\w+|set\s+(local|session)\s|lock\s+table|call\s+\w+\()", RegexOptions.IgnoreCase)]
    private static partial Regex Statement();

    [GeneratedRegex(@"^select ([\w:, ]+ from )?pgconductor\.[a-z]\w*\([^()]*\)$")]
    private static partial Regex Call();
}
