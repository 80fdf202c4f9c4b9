using Microsoft.Extensions.Logging.Abstractions;
using PgConductor.Postgres.Clusters;
using PgConductor.Postgres.Processes;
using Xunit;

namespace PgConductor.IntegrationTests.Postgres;

public sealed class OwnerCrashTests : IDisposable
{
    private readonly TestFolder _temporary = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killing_the_owner_brings_the_server_down_and_removes_its_folder()
    {
        using OwnerProcess owner = await OwnerProcess.Start(_temporary);
        ProcessIdentity postmaster = ServerProcess.Of(owner.DataDirectory);
        Assert.Single(_temporary.Clusters);

        await owner.Kill();

        await Eventually.IsTrue(() => !postmaster.IsAlive(), "the server is down");
        await NothingIsLeft();
    }

    [Fact]
    public async Task Killing_the_owner_of_a_persistent_cluster_shuts_it_down_in_order_and_keeps_it()
    {
        using OwnerProcess owner = await OwnerProcess.Start(_temporary, _temporary.At("kept"));
        ProcessIdentity postmaster = ServerProcess.Of(owner.DataDirectory);

        await owner.Kill();

        await Eventually.IsTrue(() => !postmaster.IsAlive(), "the server is down");
        string log = await File.ReadAllTextAsync(_temporary.At("kept/server.log"), Ct);
        Assert.Contains("received fast shutdown request", log, StringComparison.Ordinal);
        Assert.Contains("database system is shut down", log, StringComparison.Ordinal);
        await Eventually.IsTrue(() => ServerProcess.Mentioning(_temporary.Root).Length == 0, "no process is left");
        Assert.True(File.Exists(_temporary.At("kept/data/PG_VERSION")));
    }

    [Theory]
    [InlineData("owner.json")]
    [InlineData("owner.lock")]
    [InlineData("supervisor.log")]
    [InlineData("data.new")]
    [InlineData("data.new/base")]
    [InlineData("data")]
    [InlineData("data/postmaster.pid")]
    public async Task Killing_the_owner_half_way_through_a_start_leaves_nothing_behind(string stage)
    {
        using OwnerProcess owner = OwnerProcess.Begin(_temporary);

        // A stage that was over before it was seen is no less half-way: the owner has not been told that its server answers.
        await Eventually.IsTrue(() => _temporary.Clusters.Any(cluster => Path.Exists(Path.Combine(cluster, stage)) || Path.Exists(Path.Combine(cluster, "data"))), $"{stage} is there");

        await owner.Kill();

        // Before there is a supervisor, it is the next start that clears up.
        if (stage is "owner.json" or "owner.lock")
        {
            await Eventually.IsTrue(() => ServerProcess.Mentioning(_temporary.Root).Length == 0, "no process is left");
            await Sweep();
        }

        await NothingIsLeft();
    }

    [Fact]
    public async Task An_interrupt_for_the_owner_does_not_take_the_server_from_it()
    {
        using OwnerProcess owner = await OwnerProcess.Start(_temporary);
        ProcessIdentity supervisor = Supervisor();

        foreach (string signal in new[] { "INT", "TERM", "HUP", "QUIT" })
        {
            await OwnerProcess.Signal(supervisor, signal);
        }

        Assert.NotEqual(SessionOf(owner.Pid), SessionOf(supervisor.Pid));
        Assert.True(ServerProcess.Of(owner.DataDirectory).IsAlive());
        Assert.Equal("stopped", await owner.Stop());
        await NothingIsLeft();
    }

    [Fact]
    public async Task An_owner_whose_supervisor_is_gone_stops_the_server_by_itself()
    {
        using OwnerProcess owner = await OwnerProcess.Start(_temporary);
        ProcessIdentity postmaster = ServerProcess.Of(owner.DataDirectory);

        await OwnerProcess.Signal(Supervisor(), "KILL");

        Assert.Equal("stopped", await owner.Stop());
        Assert.False(postmaster.IsAlive());
        await NothingIsLeft();
    }

    [Fact]
    public async Task When_owner_and_supervisor_are_killed_the_next_start_clears_up()
    {
        using OwnerProcess owner = await OwnerProcess.Start(_temporary);
        ProcessIdentity postmaster = ServerProcess.Of(owner.DataDirectory);
        ProcessIdentity supervisor = Supervisor();
        await OwnerProcess.Signal(supervisor, "KILL");
        await Eventually.IsTrue(() => !supervisor.IsAlive(), "the guard is gone");
        await owner.Kill();
        Assert.True(postmaster.IsAlive());

        using OwnerProcess next = await OwnerProcess.Start(_temporary);

        Assert.False(postmaster.IsAlive());
        Assert.Equal(Path.GetDirectoryName(next.DataDirectory), Assert.Single(_temporary.Clusters));
        await next.Stop();
        await NothingIsLeft();
    }

    [Fact]
    public async Task A_sweep_leaves_the_clusters_of_live_owners_and_folders_of_others_alone()
    {
        using OwnerProcess owner = await OwnerProcess.Start(_temporary);
        string unknown = Directory.CreateDirectory(_temporary.At("pgconductor-postgres-unknown")).FullName;
        await File.WriteAllTextAsync(Path.Combine(unknown, "thesis.txt"), "years of work", Ct);
        var persistent = new ClusterFolder(_temporary.At("pgconductor-postgres-mine"), isTemporary: false);
        Directory.CreateDirectory(persistent.Root);
        new OwnerRecord(IsTemporary: false, new ProcessIdentity(1, $"{Guid.Empty}:1"), null, null, null).Write(persistent);

        await Sweep();

        Assert.Equal(3, _temporary.Clusters.Length);
        Assert.True(ServerProcess.Of(owner.DataDirectory).IsAlive());
        await owner.Stop();
    }

    [Fact]
    public async Task A_sweep_removes_an_empty_folder_once_it_cannot_be_in_the_making_any_more()
    {
        string fresh = Directory.CreateDirectory(_temporary.At("pgconductor-postgres-fresh")).FullName;
        string old = Directory.CreateDirectory(_temporary.At("pgconductor-postgres-old")).FullName;
        Directory.SetLastWriteTimeUtc(old, Directory.GetLastWriteTimeUtc(fresh).AddMinutes(-11));

        await Sweep();

        Assert.Equal([fresh], _temporary.Clusters);
    }

    [Fact]
    public async Task A_sweep_of_root_leaves_folders_alone_that_someone_else_made()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can make files of another user");
        var trap = new ClusterFolder(_temporary.At("pgconductor-postgres-trap"), isTemporary: true);
        Directory.CreateDirectory(trap.Root);
        new OwnerRecord(IsTemporary: true, new ProcessIdentity(1, $"{Guid.Empty}:1"), null, null, null).Write(trap);
        CommandResult given = await ProcessRunner.RunAsync(["chown", "nobody", trap.Root], TimeSpan.FromSeconds(10), ct: Ct);
        Assert.True(given.Succeeded, given.Errors);

        await Sweep();

        Assert.True(File.Exists(trap.OwnerFile));
    }

    public void Dispose() => _temporary.Dispose();

    private async Task NothingIsLeft()
    {
        await Eventually.IsTrue(() => _temporary.Clusters.Length == 0, $"{_temporary.Root} is empty");
        await Eventually.IsTrue(() => ServerProcess.Mentioning(_temporary.Root).Length == 0, "no process is left");
    }

    private Task Sweep() => new StaleClusterSweep([_temporary.Root], TimeProvider.System, NullLogger.Instance).RunAsync(Ct);

    private ProcessIdentity Supervisor() => OwnerRecord.Read(new ClusterFolder(Assert.Single(_temporary.Clusters), isTemporary: true))!.Supervisor!;

    private static string SessionOf(int pid)
    {
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[3];
    }
}
