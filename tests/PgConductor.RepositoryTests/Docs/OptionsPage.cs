using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using PgConductor.RepositoryTests.Support;

namespace PgConductor.RepositoryTests.Docs;

/// <summary>Writes docs/reference/options.md from the documentation comments of the option types.</summary>
internal static partial class OptionsPage
{
    private static readonly string[] _files =
    [
        "src/PgConductor/ConductorOptions.cs", "src/PgConductor/OrchestratorOptions.cs", "src/PgConductor/WorkerOptions.cs",
        "src/PgConductor/TaskOptions.cs", "src/PgConductor/BatchOptions.cs", "src/PgConductor/InvokeOptions.cs", "src/PgConductor/Throttle.cs",
        "src/PgConductor/Debounce.cs", "src/PgConductor/Schedules/ScheduleOptions.cs",
        "src/PgConductor.Hosting/PgConductorHealthOptions.cs",
        "src/PgConductor.Postgres/LocalPostgresOptions.cs", "src/PgConductor.Testing/ConductorTestHostOptions.cs",
    ];

    public static string Write()
    {
        var page = new StringBuilder("""
            # Options

            Made from the documentation comments of the code. How they are set from configuration:
            [hosting](../guides/hosting.md). Faulty options are refused when the object is made, or when the host starts,
            with every fault in one message (code `invalid-argument`).

            """.ReplaceLineEndings("\n"));
        foreach (var file in _files)
        {
            Write(page, CSharpSyntaxTree.ParseText(Repository.Read(file)).GetRoot().DescendantNodes().OfType<TypeDeclarationSyntax>().First());
        }

        return page.ToString();
    }

    private static void Write(StringBuilder page, TypeDeclarationSyntax type)
    {
        page.Append("\n## ").Append(type.Identifier.Text).Append("\n\n").Append(Element(type, "summary")).Append("\n\n| option | type | what | value |\n|---|---|---|---|\n");
        foreach (var property in type.Members.OfType<PropertyDeclarationSyntax>().Where(property => property.Modifiers.Any(SyntaxKind.PublicKeyword) && !property.Modifiers.Any(SyntaxKind.StaticKeyword)))
        {
            page.Append("| `").Append(property.Identifier.Text).Append("` | `").Append(property.Type.ToString().Replace("|", "\\|", StringComparison.Ordinal)).Append("` | ")
                .Append(Element(property, "summary")).Append(" | ").Append(Element(property, "value")).Append(" |\n");
        }
    }

    private static string Element(SyntaxNode node, string name)
    {
        var comment = DocumentationMark().Replace(node.GetLeadingTrivia().ToFullString(), "");
        var match = Regex.Match(comment, $"<{name}>(?<text>.*?)</{name}>", RegexOptions.Singleline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        var text = Reference().Replace(match.Groups["text"].Value, found => $"`{found.Groups["name"].Value}`");
        return Space().Replace(CodeElement().Replace(text, "`$1`"), " ").Trim().Replace("|", "\\|", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^\s*///", RegexOptions.Multiline)]
    private static partial Regex DocumentationMark();

    [GeneratedRegex(@"<(?:see|paramref|typeparamref) (?:cref|name)=""(?<name>[^""(]+)[^""]*""\s*/>", RegexOptions.ExplicitCapture)]
    private static partial Regex Reference();

    [GeneratedRegex("<c>([^<]*)</c>")]
    private static partial Regex CodeElement();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
