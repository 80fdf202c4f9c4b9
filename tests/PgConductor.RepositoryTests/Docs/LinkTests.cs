using PgConductor.RepositoryTests.Support;
using Xunit;

namespace PgConductor.RepositoryTests.Docs;

public sealed class LinkTests
{
    [Fact]
    public void Every_relative_link_leads_somewhere()
    {
        Assert.True(Markdown.Documents.Count > 20);
        Assert.Empty(Markdown.Documents.SelectMany(FindFaults));
    }

    [Theory]
    [InlineData("[x](docs/missing.md)", 1)]
    [InlineData("[x](README.md#no-such-heading)", 1)]
    [InlineData("[x](#here)\n# There", 1)]
    [InlineData("[x](#here)\n# Here", 0)]
    [InlineData("[x](https://example.org/) [y](docs) `[z](nowhere)`\n```text\n[z](nowhere)\n```", 0)]
    public void A_seeded_dead_link_is_found(string text, int faults) =>
        Assert.Equal(faults, FindFaults(new SourceFile("README.md", text)).Count());

    private static IEnumerable<string> FindFaults(SourceFile document)
    {
        foreach (var link in Markdown.Links(document))
        {
            if (link.Contains("://", StringComparison.Ordinal) || link.StartsWith("mailto:", StringComparison.Ordinal))
            {
                continue;
            }

            var parts = link.Split('#', 2);
            var target = parts[0].Length == 0 ? document.Path : Normalize(Path.Combine(Path.GetDirectoryName(document.Path)!, parts[0]));
            if (!File.Exists(Repository.Full(target)) && !Directory.Exists(Repository.Full(target)))
            {
                yield return $"{document.Path}: {link} leads nowhere";
            }
            else if (parts.Length == 2 && !Markdown.Anchors(parts[0].Length == 0 ? document : new SourceFile(target, Repository.Read(target))).Contains(parts[1]))
            {
                yield return $"{document.Path}: {link} names a heading that is not there";
            }
        }
    }

    private static string Normalize(string path) => Path.GetRelativePath(Repository.Root, Path.GetFullPath(Repository.Full(path))).Replace('\\', '/');
}
