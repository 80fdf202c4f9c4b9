using PgConductor.Postgres.Clusters;
using PgConductor.Postgres.Processes;
using Xunit;

namespace PgConductor.UnitTests.Postgres;

public sealed class ClusterFolderTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("pgconductor-unit-").FullName;

    [Fact]
    public void Temporary_folders_are_private_and_all_different()
    {
        ClusterFolder one = ClusterFolder.CreateTemporary(_parent);
        ClusterFolder two = ClusterFolder.CreateTemporary(_parent);

        Assert.NotEqual(one.Root, two.Root);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, new DirectoryInfo(one.Root).UnixFileMode);
    }

    [Fact]
    public void A_private_file_can_be_read_by_its_owner_only_and_is_replaced_whole()
    {
        string path = Path.Combine(_parent, "password");

        ClusterFolder.WritePrivate(path, "first and longer");
        ClusterFolder.WritePrivate(path, "second");

        Assert.Equal("second", File.ReadAllText(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(path).UnixFileMode);
    }

    [Fact]
    public void A_folder_has_one_owner_at_a_time_even_within_a_process()
    {
        ClusterFolder folder = ClusterFolder.CreateTemporary(_parent);
        using (FolderLock? first = FolderLock.TryTake(folder))
        {
            Assert.NotNull(first);
            Assert.Null(FolderLock.TryTake(folder));
        }

        using FolderLock? again = FolderLock.TryTake(folder);
        Assert.NotNull(again);
    }

    [Fact]
    public void The_record_of_an_owner_is_read_as_it_was_written()
    {
        ClusterFolder folder = ClusterFolder.CreateTemporary(_parent);
        Assert.Null(OwnerRecord.Read(folder));
        var record = new OwnerRecord(true, ProcessIdentity.Current, new ProcessIdentity(7, "then"), 6000, "/bin");

        record.Write(folder);

        Assert.Equal(record, OwnerRecord.Read(folder));
    }

    [Theory]
    [InlineData("{\"IsTemporary\":tr")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"IsTemporary\":true,\"Owner\":{\"Pid\":1,\"StartedAt\":5}}")]
    [InlineData("{\"IsTemporary\":true,\"Owner\":{\"Pid\":1,\"Started\":\"x\"},\"Supervisor\":{\"Pid\":1}}")]
    public void A_record_that_a_crash_cut_short_or_another_version_wrote_counts_as_none(string text)
    {
        ClusterFolder folder = ClusterFolder.CreateTemporary(_parent);
        File.WriteAllText(folder.OwnerFile, text);

        Assert.Null(OwnerRecord.Read(folder));
    }

    [Fact]
    public void A_pid_file_that_names_a_process_of_another_kind_names_no_server_and_is_removed()
    {
        ClusterFolder folder = ClusterFolder.CreateTemporary(_parent);
        Directory.CreateDirectory(folder.Data);
        string file = Path.Combine(folder.Data, "postmaster.pid");
        File.WriteAllText(file, $"{Environment.ProcessId}\n{folder.Data}\n");

        Assert.Null(Postmaster.Find(folder.Data));
        Postmaster.RemoveStaleFile(folder.Data);

        Assert.False(File.Exists(file));
    }

    public void Dispose() => Directory.Delete(_parent, recursive: true);
}
