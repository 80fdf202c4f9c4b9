namespace PgConductor.Postgres.Clusters;

/// <summary>The ownership of a cluster folder: a file lock that the system releases when its holder dies.</summary>
internal sealed class FolderLock : IDisposable
{
    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <summary>Takes the lock, or returns null when a live process holds it.</summary>
    /// <remarks>
    /// A lock belongs to the open file, so it also keeps two owners in one process apart, and it is right where
    /// process ids mislead (containers that share a folder). On file systems without locks it is always granted.
    /// </remarks>
    public static FolderLock? TryTake(ClusterFolder folder)
    {
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                // Whoever may open the file may hold the lock.
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            return new FolderLock(new FileStream(folder.LockFile, options));
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException or PathTooLongException))
        {
            return null;
        }
    }

    public void Dispose() => _file.Dispose();
}
