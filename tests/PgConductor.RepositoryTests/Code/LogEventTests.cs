using System.Globalization;
using System.Text.RegularExpressions;
using PgConductor.RepositoryTests.Support;
using Xunit;

namespace PgConductor.RepositoryTests.Code;

/// <summary>Event ids are a contract: each is used once, and each log class owns a block of them.</summary>
public sealed partial class LogEventTests
{
    private static readonly List<LogClass> _classes = [.. Repository.Sources("src/", ".cs").Where(file => file.Text.Contains("[LoggerMessage(", StringComparison.Ordinal)).Select(Parse)];

    [Fact]
    public void Ids_are_unique()
    {
        var ids = _classes.SelectMany(log => log.Ids).ToList();

        Assert.True(ids.Count > 20);
        Assert.Empty(ids.GroupBy(id => id).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    [Fact]
    public void Ids_are_in_the_block_that_their_class_names() =>
        Assert.Empty(_classes.SelectMany(log => log.Ids.Where(id => id < log.First || id > log.Last).Select(id => $"{log.Path}: {id} is not in {log.First} to {log.Last}")));

    [Fact]
    public void Blocks_do_not_overlap() =>
        Assert.Empty(
            from left in _classes
            from right in _classes
            where string.CompareOrdinal(left.Path, right.Path) < 0 && left.First <= right.Last && right.First <= left.Last
            select $"{left.Path} and {right.Path}");

    private static LogClass Parse(SourceFile file)
    {
        var block = Block().Match(file.Text);
        Assert.True(block.Success, $"{file.Path} does not say which block of event ids it owns: write \"Ids 1100 to 1199\" in its summary.");
        return new LogClass(
            file.Path,
            int.Parse(block.Groups[1].Value, CultureInfo.InvariantCulture),
            int.Parse(block.Groups[2].Value, CultureInfo.InvariantCulture),
            [.. Message().Matches(file.Text).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))]);
    }

    [GeneratedRegex(@"[Ii]ds (\d+) to (\d+)")]
    private static partial Regex Block();

    [GeneratedRegex(@"\[LoggerMessage\((?:EventId\s*=\s*)?(\d+)")]
    private static partial Regex Message();

    private sealed record LogClass(string Path, int First, int Last, IReadOnlyList<int> Ids);
}
