using System.Text.RegularExpressions;
using PgConductor.RepositoryTests.Support;
using PgConductor.Schema;
using Xunit;

namespace PgConductor.RepositoryTests.Sql;

public sealed partial class FunctionFileTests
{
    private static readonly List<SourceFile> _functions = [.. Repository.Sources("sql/functions/", ".sql")];

    [Fact]
    public void Each_file_defines_exactly_the_function_it_is_named_after()
    {
        Assert.True(_functions.Count > 50);
        Assert.Empty(_functions.SelectMany(NameFaults));
    }

    [Fact]
    public void Each_function_fixes_the_search_path_says_what_it_is_for_and_runs_as_its_caller() =>
        Assert.Empty(_functions.SelectMany(StyleFaults));

    [Fact]
    public void Each_function_has_a_test_file_of_the_same_place() =>
        Assert.Empty(_functions.Select(file => file.Path.Replace("sql/functions/", "tests/sql/", StringComparison.Ordinal)).Except(Repository.Files));

    [Fact]
    public void Each_test_file_of_an_area_belongs_to_a_function()
    {
        var areas = _functions.Select(file => file.Path.Split('/')[2]).ToHashSet(StringComparer.Ordinal);

        Assert.Empty(Repository.Sources("tests/sql/", ".sql")
            .Where(file => file.Path.Split('/').Length == 4 && areas.Contains(file.Path.Split('/')[2]))
            .Select(file => file.Path.Replace("tests/sql/", "sql/functions/", StringComparison.Ordinal))
            .Except(Repository.Files));
    }

    [Fact]
    public void What_is_embedded_is_what_is_in_the_folders()
    {
        string[] embedded = [.. MigrationStore.Embedded.Scripts.Select(script => script.Path), .. MigrationStore.Embedded.Migrations.Select(migration => $"sql/migrations/{migration.Version:0000}_{migration.Name}.sql")];

        Assert.Equal(
            Repository.Files.Where(path => path.StartsWith("sql/", StringComparison.Ordinal) && path != "sql/permissions.sql"),
            embedded.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("create or replace function pgconductor.other() returns int language sql set search_path = '' as $$ select 1 $$;")]
    [InlineData("select 1;")]
    [InlineData("create or replace function pgconductor.f() returns int as $$ $$; create or replace function pgconductor.f(a int) returns int as $$ $$;")]
    public void A_seeded_wrong_name_is_found(string sql) => Assert.Single(NameFaults(new SourceFile("sql/functions/x/f.sql", sql)));

    [Fact]
    public void Seeded_wrong_style_is_found() =>
        Assert.Equal(3, StyleFaults(new SourceFile("sql/functions/x/f.sql", "create or replace function pgconductor.f() returns int language sql security definer as $$ select 1 $$;")).Count());

    private static IEnumerable<string> NameFaults(SourceFile file)
    {
        var names = Definition().Matches(file.Text).Select(match => match.Groups[1].Value).ToList();
        if (names.Count != 1 || names[0] != Path.GetFileNameWithoutExtension(file.Path))
        {
            yield return $"{file.Path} defines {(names.Count == 0 ? "nothing" : string.Join(", ", names))}";
        }
    }

    private static IEnumerable<string> StyleFaults(SourceFile file)
    {
        if (!file.Text.StartsWith("-- ", StringComparison.Ordinal))
        {
            yield return $"{file.Path} does not start with a comment that says what the function is for";
        }

        if (!file.Text.Contains("\nset search_path = ''\n", StringComparison.Ordinal))
        {
            yield return $"{file.Path} does not fix search_path to empty";
        }

        if (file.Text.Contains("security definer", StringComparison.OrdinalIgnoreCase) && !(file.Text.Contains("\nreturns trigger\n", StringComparison.Ordinal) && file.Text.Contains("\n-- Runs as its owner, because ", StringComparison.Ordinal)))
        {
            yield return $"{file.Path} runs as its owner; only a trigger may, with \"-- Runs as its owner, because ...\" above it";
        }
    }

    [GeneratedRegex(@"create\s+(?:or\s+replace\s+)?(?:function|procedure)\s+pgconductor\.(\w+)\s*\(", RegexOptions.IgnoreCase)]
    private static partial Regex Definition();
}
