using PgConductor.RepositoryTests.Support;
using Xunit;

namespace PgConductor.RepositoryTests.Sql;

public sealed class FrozenMigrationTests
{
    private static readonly string _sum = FrozenMigrations.Checksum("one\n");

    [Fact]
    public void Released_migrations_are_as_they_were()
    {
        var current = Repository.Sources("sql/migrations/", ".sql").ToDictionary(file => Path.GetFileName(file.Path), file => file.Text, StringComparer.Ordinal);
        var released =
            from tag in Repository.Git("tag", "--list", "v*")
            from path in Repository.Git("ls-tree", "-r", "--name-only", tag, "sql/migrations/")
            select (tag, Path.GetFileName(path), string.Join('\n', Repository.Git("show", $"{tag}:{path}")) + "\n");

        Assert.Empty(FrozenMigrations.FindFaults(Repository.Read("tests/PgConductor.RepositoryTests/migrations.sha256"), current, released));
    }

    [Fact]
    public void A_frozen_migration_that_is_as_it_was_is_fine() => Assert.Empty(Find($"# comment\n{_sum}  0001_a.sql\n", "one\n", released: "one\n"));

    [Fact]
    public void A_changed_one_is_found() => Assert.Contains("is changed", Assert.Single(Find($"{_sum}  0001_a.sql\n", "two\n")), StringComparison.Ordinal);

    [Fact]
    public void A_removed_one_is_found() => Assert.Contains("is gone", Assert.Single(Find($"{_sum}  0001_a.sql\n", null)), StringComparison.Ordinal);

    [Fact]
    public void A_released_one_that_was_not_frozen_is_found() => Assert.Contains($"add \"{_sum}  0001_a.sql\"", Assert.Single(Find("", "one\n", released: "one\n")), StringComparison.Ordinal);

    [Fact]
    public void One_frozen_in_another_form_than_released_is_found() => Assert.Contains("v1 released 0001_a.sql", Assert.Single(Find($"{_sum}  0001_a.sql\n", "one\n", released: "two\n")), StringComparison.Ordinal);

    private static IEnumerable<string> Find(string list, string? current, string? released = null) =>
        FrozenMigrations.FindFaults(
            list,
            current is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["0001_a.sql"] = current },
            released is null ? [] : [("v1", "0001_a.sql", released)]);
}
