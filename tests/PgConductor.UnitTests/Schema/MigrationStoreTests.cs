using PgConductor.Schema;
using Xunit;

namespace PgConductor.UnitTests.Schema;

public sealed class MigrationStoreTests
{
    [Fact]
    public void Migrations_are_ordered_by_number_and_scripts_by_kind_and_path()
    {
        var store = Load("sql/wiring/b.sql", "sql/migrations/0002_two.sql", "sql/functions/z/a.sql", "sql/wiring/a.sql", "sql/functions/a/z.sql", "sql/migrations/0001_one.sql", "sql/other/x.sql");

        Assert.Equal([(1, "one"), (2, "two")], store.Migrations.Select(migration => (migration.Version, migration.Name)));
        Assert.Equal(["sql/functions/a/z.sql", "sql/functions/z/a.sql", "sql/wiring/a.sql", "sql/wiring/b.sql"], store.Scripts.Select(script => script.Path));
        Assert.Equal(2, store.LatestVersion);
        Assert.Equal(0, Load().LatestVersion);
    }

    [Theory]
    [InlineData("0001_a.sql", "0003_c.sql")]
    [InlineData("0002_b.sql")]
    [InlineData("0000_zero.sql", "0001_a.sql")]
    [InlineData("0001_a.sql", "0001_b.sql")]
    public void Gaps_and_doubles_are_refused(params string[] names)
    {
        var exception = Assert.Throws<InvalidOperationException>(() => Load([.. names.Select(name => $"sql/migrations/{name}")]));

        Assert.Contains("not numbered 1, 2, 3", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1_a.sql")]
    [InlineData("00001_a.sql")]
    [InlineData("0001-a.sql")]
    [InlineData("0001_A.sql")]
    [InlineData("0001_a.txt")]
    [InlineData("0001_.sql")]
    [InlineData("0001_a.sql\n")]
    [InlineData("folder/0001_a.sql")]
    public void A_bad_name_is_refused_and_named(string name)
    {
        Assert.Contains(name, Assert.Throws<InvalidOperationException>(() => Load($"sql/migrations/{name}")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--! breaking\nselect 1", true)]
    [InlineData("-- not breaking\n--! breaking", false)]
    [InlineData("select 1", false)]
    public void Breaking_is_said_on_the_first_line(string sql, bool breaking)
    {
        Assert.Equal(breaking, MigrationStore.Load([new("sql/migrations/0001_a.sql", sql)]).Migrations[0].IsBreaking);
    }

    [Fact]
    public void Permissions_are_granted_in_somebody_elses_transaction()
    {
        var store = MigrationStore.Load([new("sql/permissions.sql", "do $$\nbegin\n    null;\nend\n$$;\nbegin;\ngrant x to y;\ncommit;\n")]);

        Assert.Equal("do $$\nbegin\n    null;\nend\n$$;\ngrant x to y;\n", store.Permissions);
        Assert.Null(Load().Permissions);
        Assert.DoesNotMatch("(?m)^(begin|commit);", MigrationStore.Embedded.Permissions);
        Assert.Contains("grant usage on schema pgconductor", MigrationStore.Embedded.Permissions, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checksum_changes_with_the_text()
    {
        var one = MigrationStore.Load([new("sql/migrations/0001_a.sql", "a"), new("sql/functions/f.sql", "a")]);
        var two = MigrationStore.Load([new("sql/migrations/0001_a.sql", "b"), new("sql/functions/f.sql", "a")]);

        Assert.NotEqual(one.Migrations[0].Checksum, two.Migrations[0].Checksum);
        Assert.Equal(one.Scripts[0].Checksum, two.Scripts[0].Checksum);
        Assert.Equal("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", one.Scripts[0].Checksum);
    }

    [Fact]
    public void What_is_embedded_is_whole()
    {
        var store = MigrationStore.Embedded;

        Assert.NotEmpty(store.Migrations);
        Assert.Contains(store.Scripts, script => script.Path == "sql/functions/executions/claim_executions.sql");
        Assert.Contains(store.Scripts, script => script.Path.StartsWith("sql/wiring/", StringComparison.Ordinal));
        Assert.All(store.Scripts, script => Assert.DoesNotContain("\r", script.Sql, StringComparison.Ordinal));
        Assert.Equal(store.Scripts.Count, store.Scripts.Select(script => script.Path).Distinct().Count());
    }

    private static MigrationStore Load(params string[] paths) => MigrationStore.Load(paths.Select(path => KeyValuePair.Create(path, $"-- {path}")));
}
