using System.Text.Json;
using PgConductor.RepositoryTests.Support;
using Xunit;

namespace PgConductor.RepositoryTests.Docs;

/// <summary>What the documents show as code is code that is built, run or at least read by the tests.</summary>
public sealed class CodeBlockTests
{
    private static readonly List<CodeBlock> _blocks = [.. Markdown.Documents.SelectMany(Markdown.Blocks)];

    private static readonly HashSet<string> _regions =
        [.. Repository.Sources("samples/", ".cs").Concat(Repository.Sources("tests/", ".cs")).SelectMany(QuotedCode.Regions).Select(region => region.Value)];

    [Fact]
    public void Every_csharp_block_is_a_quotation_of_code_that_is_built()
    {
        var quotations = _blocks.Where(block => block.Language == "csharp").ToList();

        Assert.True(quotations.Count >= 5);
        Assert.Empty(quotations.Where(block => !_regions.Contains(block.Text)).Select(block => $"{block} is not a region \"// docs:start name … // docs:end\" of samples/ or tests/: quote one exactly"));
    }

    [Fact]
    public void Every_bash_block_says_whether_it_is_run() =>
        Assert.Empty(_blocks.Where(block => block.Language == "bash" && BashBlocks.Kind(block) == BashKind.Unmarked)
            .Select(block => $"{block}: put <!-- run --> or <!-- not run: reason --> on the line before it"));

    [Fact]
    public void Every_json_block_is_json() =>
        Assert.Empty(_blocks.Where(block => block.Language == "json" && !IsJson(block.Text)).Select(block => $"{block} is not JSON"));

    [Fact]
    public void Only_languages_with_a_rule_are_used() =>
        Assert.Empty(_blocks.Where(block => block.Language is not ("csharp" or "bash" or "sql" or "json" or "text")).Select(block => $"{block}: {block.Language}"));

    [Fact]
    public void Regions_are_found_and_outdented()
    {
        var region = Assert.Single(QuotedCode.Regions(new SourceFile("x.cs", "class X\n{\n    // docs:start some-name\n    int a;\n\n        int b;\n    // docs:end\n}\n")));

        Assert.Equal("some-name", region.Key);
        Assert.Equal("int a;\n\n    int b;\n", region.Value);
    }

    private static bool IsJson(string text)
    {
        try
        {
            JsonDocument.Parse(text).Dispose();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
