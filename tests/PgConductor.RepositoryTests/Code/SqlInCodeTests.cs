using PgConductor.RepositoryTests.Support;
using Xunit;

namespace PgConductor.RepositoryTests.Code;

public sealed class SqlInCodeTests
{
    [Fact]
    public void Code_only_calls_public_functions() =>
        Assert.Empty(SqlInCodeScanner.FindFaults([
            .. Repository.Sources("src/PgConductor/", ".cs"),
            .. Repository.Sources("src/PgConductor.EntityFrameworkCore/", ".cs"),
            .. Repository.Sources("src/PgConductor.Hosting/", ".cs"),
            .. Repository.Sources("src/PgConductor.Cli/", ".cs")]));

    [Theory]
    [InlineData("select * from pgconductor.executions")]
    [InlineData("select count(*) from pgconductor.leases where id = $1")]
    [InlineData("select pgconductor._settle($1)")]
    [InlineData("select a from pgconductor.invoke($1); drop table x")]
    [InlineData("delete from pgconductor.executions")]
    [InlineData("listen pgconductor_x")]
    [InlineData("set local role x")]
    public void A_seeded_violation_is_found(string sql)
    {
        Assert.Single(SqlInCodeScanner.FindFaults([new SourceFile("src/PgConductor/Workers/Bad.cs", $"class X {{ string y = \"{sql}\"; }}")]));
        Assert.Single(SqlInCodeScanner.FindFaults([new SourceFile("src/PgConductor/Workers/Bad.cs", $"class X {{ string y = $\"{sql}{{1}}\"; }}")]));
    }

    [Theory]
    [InlineData("select execution_id, disposition from pgconductor.invoke($1, $2)")]
    [InlineData("select pgconductor.pause_queue($1)")]
    [InlineData("Update the library.")]
    [InlineData("Drops a queue")]
    public void What_is_allowed_is_not_a_violation(string text) =>
        Assert.Empty(SqlInCodeScanner.FindFaults([new SourceFile("src/PgConductor/Workers/Good.cs", $"class X {{ string y = \"{text}\"; }}")]));
}
