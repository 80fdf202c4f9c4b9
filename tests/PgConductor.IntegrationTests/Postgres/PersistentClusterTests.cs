using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using PgConductor.Postgres;
using PgConductor.Postgres.Binaries;
using PgConductor.Postgres.Clusters;
using PgConductor.Postgres.Processes;
using PgConductor.Postgres.Servers;
using Xunit;

namespace PgConductor.IntegrationTests.Postgres;

public sealed class PersistentClusterTests : IDisposable
{
    // Spaces, quotes and a dollar sign: every hand-over of the path has to stand them.
    private readonly TestFolder _folder = new("it's a \"strange\" $name");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private LocalPostgresOptions Options => new() { Directory = _folder.At("cluster") };

    [Fact]
    public async Task A_cluster_keeps_its_data_its_password_and_its_port()
    {
        string first;
        await using (LocalPostgres server = await LocalPostgres.StartAsync(Options, ct: Ct))
        {
            first = server.ConnectionString;
            await Sql.Run(first, "create table kept as select 42 as answer");
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(_folder.At("cluster/password")).UnixFileMode);
        await using LocalPostgres again = await LocalPostgres.StartAsync(Options, ct: Ct);

        Assert.Equal(first, again.ConnectionString);
        Assert.Equal(42, await Sql.Ask<int>(again.ConnectionString, "select answer from kept"));
    }

    [Fact]
    public async Task Starts_at_the_same_moment_share_one_server()
    {
        LocalPostgres[] all = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => LocalPostgres.StartAsync(Options, ct: Ct)));

        LocalPostgres owner = Assert.Single(all, server => server.IsOwner);
        Assert.Single(all.Select(server => server.ConnectionString).Distinct());
        foreach (LocalPostgres guest in all.Where(server => !server.IsOwner))
        {
            await guest.StopAsync(Ct);
            Assert.Equal((owner.BinDirectory, owner.MajorVersion, owner.DataDirectory), (guest.BinDirectory, guest.MajorVersion, guest.DataDirectory));
        }

        Assert.Equal(1, await Sql.Ask<int>(owner.ConnectionString, "select 1"));
        await owner.StopAsync(Ct);
    }

    [Fact]
    public async Task Another_process_attaches_and_leaves_the_server_running_when_it_ends()
    {
        await using LocalPostgres server = await LocalPostgres.StartAsync(Options, ct: Ct);

        using OwnerProcess guest = await OwnerProcess.Start(_folder, _folder.At("cluster"));
        Assert.Equal(server.Port, guest.Port);
        await guest.Kill();

        Assert.Equal(1, await Sql.Ask<int>(server.ConnectionString, "select 1"));
    }

    [Fact]
    public async Task After_a_crash_of_its_owner_a_cluster_is_opened_again_with_what_was_committed()
    {
        using OwnerProcess owner = await OwnerProcess.Start(_folder, _folder.At("cluster"));
        await using (LocalPostgres guest = await LocalPostgres.StartAsync(Options, ct: Ct))
        {
            Assert.False(guest.IsOwner);
            await Sql.Run(guest.ConnectionString, "create table kept as select 42 as answer");
        }

        await owner.Kill();
        await using LocalPostgres server = await LocalPostgres.StartAsync(Options, ct: Ct);

        Assert.True(server.IsOwner);
        Assert.Equal(42, await Sql.Ask<int>(server.ConnectionString, "select answer from kept"));
    }

    [Fact]
    public async Task A_port_that_is_taken_in_the_last_moment_is_exchanged_for_another()
    {
        using var thief = new TcpListener(IPAddress.Loopback, 0);
        thief.Start();
        int taken = ((IPEndPoint)thief.LocalEndpoint).Port;
        var ports = new Queue<int>([taken, taken, taken]);
        ServerAccount account = await ServerAccount.ResolveAsync(null, Ct);
        ServerBinaries binaries = await BinaryProvider.ForThisMachine(account, NullLogger.Instance).GetAsync(null, true, null, Ct);
        (ClusterFolder folder, FolderLock ownership) = await TemporaryFolders.CreateAsync(account, Ct);
        var starter = new ClusterStarter(folder, account, binaries, new LocalPostgresOptions(), NullLogger.Instance, () => ports.TryDequeue(out int port) ? port : FreePort.Pick());

        await using LocalPostgres server = await starter.StartAsync(ownership, Ct);

        Assert.Empty(ports);
        Assert.NotEqual(taken, server.Port);
        Assert.Equal(1, await Sql.Ask<int>(server.ConnectionString, "select 1"));
    }

    [Fact]
    public async Task A_cluster_stays_with_the_account_that_made_it()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root runs servers as another account");
        await using (await LocalPostgres.StartAsync(Options, ct: Ct)) { }
        CommandResult given = await ProcessRunner.RunAsync(["chown", "-R", "nobody", _folder.At("cluster/data")], TimeSpan.FromSeconds(10), ct: Ct);
        Assert.True(given.Succeeded, given.Errors);

        await using LocalPostgres server = await LocalPostgres.StartAsync(Options, ct: Ct);

        CommandResult nobody = await ProcessRunner.RunAsync(["id", "-u", "nobody"], TimeSpan.FromSeconds(10), ct: Ct);
        Assert.Equal(nobody.Output.Trim(), ServerProcess.UserId(ServerProcess.Of(server).Pid));
    }

    [Fact]
    public async Task An_initdb_that_was_cut_short_is_done_again()
    {
        Directory.CreateDirectory(_folder.At("cluster/data.new"));
        await File.WriteAllTextAsync(_folder.At("cluster/data.new/PG_VERSION"), "15", Ct);
        await File.WriteAllTextAsync(_folder.At("cluster/owner.lock"), "", Ct);

        await using LocalPostgres server = await LocalPostgres.StartAsync(Options, ct: Ct);

        Assert.Equal(1, await Sql.Ask<int>(server.ConnectionString, "select 1"));
    }

    [Fact]
    public async Task A_folder_with_files_of_others_is_refused_and_left_alone()
    {
        Directory.CreateDirectory(_folder.At("cluster"));
        await File.WriteAllTextAsync(_folder.At("cluster/thesis.txt"), "years of work", Ct);

        var error = await Assert.ThrowsAsync<LocalPostgresException>(() => LocalPostgres.StartAsync(Options, ct: Ct));

        Assert.Equal(LocalPostgresErrors.DirectoryNotEmpty, error.Code);
        Assert.Equal([_folder.At("cluster/thesis.txt")], Directory.GetFileSystemEntries(_folder.At("cluster")));
    }

    [Fact]
    public async Task A_cluster_of_a_version_that_is_not_here_is_a_typed_error()
    {
        Directory.CreateDirectory(_folder.At("cluster/data"));
        await File.WriteAllTextAsync(_folder.At("cluster/data/PG_VERSION"), "99", Ct);
        await File.WriteAllTextAsync(_folder.At("cluster/owner.lock"), "", Ct);
        var options = new LocalPostgresOptions { Directory = _folder.At("cluster"), AllowInstall = false };

        var error = await Assert.ThrowsAsync<LocalPostgresException>(() => LocalPostgres.StartAsync(options, ct: Ct));

        Assert.Equal(LocalPostgresErrors.BinariesNotFound, error.Code);
        Assert.Contains("No PostgreSQL 99 (the version of the existing cluster)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_is_owned_and_does_not_answer_is_a_typed_error_that_names_it()
    {
        Directory.CreateDirectory(_folder.At("cluster"));
        await using var held = new FileStream(_folder.At("cluster/owner.lock"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        var options = new LocalPostgresOptions { Directory = _folder.At("cluster"), StartTimeout = TimeSpan.FromMilliseconds(200) };

        var error = await Assert.ThrowsAsync<LocalPostgresException>(() => LocalPostgres.StartAsync(options, ct: Ct));

        Assert.Equal(LocalPostgresErrors.DirectoryInUse, error.Code);
        Assert.Contains(_folder.At("cluster"), error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
