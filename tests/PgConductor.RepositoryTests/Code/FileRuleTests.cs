using System.Text.RegularExpressions;
using PgConductor.RepositoryTests.Support;
using Xunit;

namespace PgConductor.RepositoryTests.Code;

public sealed partial class FileRuleTests
{
    private const int MaxCodeLines = 400;
    private const int MaxFunctionLines = 300;

    /// <summary>What the root folder may hold; a new file there needs a reason to be there.</summary>
    private static readonly string[] _root =
    [
        ".ci", ".editorconfig", ".gitattributes", ".gitignore", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "Directory.Build.props",
        "Directory.Packages.props", "LICENSE", "PgConductor.slnx", "README.md", "bench", "demo", "docs", "global.json", "ops", "pgconductor",
        "platform", "samples", "sql", "src", "test", "tests",
    ];

    /// <summary>Places where a forbidden thing is right, each with its reason.</summary>
    private static readonly Dictionary<string, string> _exceptions = new(StringComparer.Ordinal)
    {
        ["tests/PgConductor.IntegrationTests/Recovery/HeartbeatTests.cs: Thread.Sle" + "ep"] = "it samples from a thread of its own while the thread pool is starved on purpose",
    };

    [Fact]
    public void The_root_folder_holds_only_what_belongs_there() =>
        Assert.Empty(Repository.Files.Select(path => path.Split('/')[0]).Distinct().Except(_root));

    [Fact]
    public void Files_are_small() =>
        Assert.Empty(
            Repository.Sources("src/", ".cs").Select(file => (file, max: MaxCodeLines))
                .Concat(Repository.Sources("sql/functions/", ".sql").Select(file => (file, max: MaxFunctionLines)))
                .Where(entry => entry.file.Text.Count(character => character == '\n') > entry.max)
                .Select(entry => $"{entry.file.Path} has more than {entry.max} lines: one type owns one thing"));

    [Fact]
    public void A_namespace_is_its_folder()
    {
        var files = Repository.Sources("", ".cs").Where(file => file.Path.Split('/')[0] is "src" or "tests" or "samples" or "bench" or "platform").ToList();

        Assert.True(files.Count > 100);
        Assert.Empty(files.SelectMany(NamespaceFaults));
    }

    [Fact]
    public void A_seeded_wrong_namespace_is_found()
    {
        Assert.Single(NamespaceFaults(new SourceFile("src/PgConductor/Client/X.cs", "namespace PgConductor;\n")));
        Assert.Empty(NamespaceFaults(new SourceFile("src/PgConductor/Client/X.cs", "namespace PgConductor.Client;\n")));
    }

    [Fact]
    public void Nothing_is_left_half_done_or_switched_off() =>
        Assert.Empty(Repository.Files
            .Where(path => path.EndsWith(".cs", StringComparison.Ordinal) || path.EndsWith(".sql", StringComparison.Ordinal) || path.EndsWith(".sh", StringComparison.Ordinal) || !path.Contains('.', StringComparison.Ordinal))
            .Where(path => path != "LICENSE")
            .SelectMany(path => UnfinishedFaults(new SourceFile(path, Repository.Read(path)))));

    [Theory]
    [InlineData("// TO" + "DO: later")]
    [InlineData("throw new NotImplemented" + "Exception();")]
    [InlineData("Thread.Sle" + "ep(1);")]
    [InlineData("[Fact(Sk" + "ip = \"flaky\")]")]
    [InlineData("Assert.Sk" + "ip(\"not today\");")]
    public void A_seeded_half_done_thing_is_found(string text) => Assert.Single(UnfinishedFaults(new SourceFile("x.cs", text)));

    private static IEnumerable<string> NamespaceFaults(SourceFile file)
    {
        if (DeclaredNamespace().Match(file.Text) is not { Success: true } match)
        {
            yield break;
        }

        // The project's folder is its root namespace: src/PgConductor.Cli/Config/X.cs is PgConductor.Cli.Config.
        var expected = string.Join('.', Path.GetDirectoryName(file.Path)!.Split('/')[1..]);
        if (match.Groups[1].Value != expected)
        {
            yield return $"{file.Path} declares {match.Groups[1].Value} instead of {expected}";
        }
    }

    private static IEnumerable<string> UnfinishedFaults(SourceFile file) =>
        Unfinished().Matches(file.Text).Select(match => $"{file.Path}: {match.Value}").Where(fault => !_exceptions.ContainsKey(fault));

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex DeclaredNamespace();

    // Written so that it does not find itself.
    [GeneratedRegex(@"\b(TO[D]O|FIX[M]E|HA[C]K)\b|NotImplemented[E]xception|Thread\.Sle[e]p|\bSki[p]\s*=\s*""|Assert\.Ski[p]\(")]
    private static partial Regex Unfinished();
}
