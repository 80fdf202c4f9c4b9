using PgConductor.Postgres.Servers;

namespace PgConductor.Postgres.Clusters;

/// <summary>Makes the private folders of temporary clusters.</summary>
internal static class TemporaryFolders
{
    private const int Attempts = 3;

    /// <summary>The folders that temporary clusters are made in, best first.</summary>
    public static IReadOnlyList<string> Parents { get; } =
        OperatingSystem.IsWindows()
            ? [Path.GetTempPath()]
            : [.. new[] { Path.TrimEndingDirectorySeparator(Path.GetTempPath()), "/tmp", "/var/tmp" }.Distinct(StringComparer.Ordinal)];

    /// <summary>Makes a folder that the account can reach, and takes its lock.</summary>
    /// <exception cref="LocalPostgresException">There is no such place (directory-not-accessible).</exception>
    public static async Task<(ClusterFolder Folder, FolderLock Lock)> CreateAsync(ServerAccount account, CancellationToken ct)
    {
        var tried = new List<string>();
        foreach (string parent in Parents.Where(Directory.Exists))
        {
            for (int attempt = 0; attempt < Attempts; attempt++)
            {
                try
                {
                    ClusterFolder folder = ClusterFolder.CreateTemporary(parent);
                    // First of all, so that a crash from here on leaves a folder that a sweep can judge.
                    OwnerRecord.OfThisProcess(folder).Write(folder);
                    if (!await folder.IsReachableAsync(account, ct).ConfigureAwait(false))
                    {
                        folder.Delete();
                        tried.Add($"{parent}: the account that runs the server cannot enter it");
                        break;
                    }

                    // A sweep that looks at the folder in this moment may hold the lock; then there is another folder.
                    if (FolderLock.TryTake(folder) is { } taken)
                    {
                        return (folder, taken);
                    }
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    tried.Add($"{parent}: {e.Message}");
                }
            }
        }

        throw new LocalPostgresException(
            LocalPostgresErrors.DirectoryNotAccessible,
            $"No temporary folder can be used for a cluster ({string.Join("; ", tried)}). Set TMPDIR, or give a Directory."
        );
    }
}
