using PgConductor.Postgres.Binaries;
using Xunit;

namespace PgConductor.UnitTests.Postgres;

public sealed class NpmRouteTests : IDisposable
{
    private readonly string _package = Directory.CreateTempSubdirectory("pgconductor-unit-").FullName;

    [Fact]
    public void Links_between_libraries_are_restored_and_stay_valid_when_the_package_moves()
    {
        WriteList("""[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"},{"source":"native/lib/libpq.so.5.18","target":"native/libpq.so"}]""");
        File.WriteAllText(Path.Combine(_package, "native/lib/libpq.so.5.18"), "library");

        NpmRoute.RestoreLinks(_package);
        NpmRoute.RestoreLinks(_package);

        Assert.Equal("libpq.so.5.18", new FileInfo(Path.Combine(_package, "native/lib/libpq.so.5")).LinkTarget);
        Assert.Equal("library", File.ReadAllText(Path.Combine(_package, "native/libpq.so")));
    }

    [Theory]
    [InlineData("native/lib/x", "../../outside")]
    [InlineData("/etc/passwd", "native/lib/x")]
    public void A_link_that_leads_out_of_the_package_is_refused(string source, string target)
    {
        WriteList($$"""[{"source":"{{source}}","target":"{{target}}"}]""");

        Assert.Throws<IOException>(() => NpmRoute.RestoreLinks(_package));
    }

    [Fact]
    public void A_package_without_a_list_of_links_is_left_as_it_is() => NpmRoute.RestoreLinks(_package);

    public void Dispose() => Directory.Delete(_package, recursive: true);

    private void WriteList(string json)
    {
        Directory.CreateDirectory(Path.Combine(_package, "native/lib"));
        File.WriteAllText(Path.Combine(_package, "native/pg-symlinks.json"), json);
    }
}
