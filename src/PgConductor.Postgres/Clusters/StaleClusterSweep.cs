using Microsoft.Extensions.Logging;
using PgConductor.Postgres.Processes;

namespace PgConductor.Postgres.Clusters;

/// <summary>Clears away temporary clusters whose owner died and whose supervisor died with it.</summary>
/// <remarks>
/// A folder is touched only when the caller made it, its record calls it temporary, neither its owner nor its
/// supervisor lives, and its lock can be had; or when it is old and still empty.
/// </remarks>
internal sealed class StaleClusterSweep(IReadOnlyList<string> parents, TimeProvider time, ILogger logger)
{
    // Younger ones may be in the making.
    private static readonly TimeSpan UnmarkedAge = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ListLimit = TimeSpan.FromSeconds(20);

    /// <summary>Clears what can be cleared; a folder that resists is logged and left to the next sweep.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        string[] found = [.. parents.Where(Directory.Exists).SelectMany(parent => Directory.EnumerateDirectories(parent, ClusterFolder.TemporaryPrefix + "*"))];
        foreach (string path in await OwnAsync(found, ct).ConfigureAwait(false))
        {
            var folder = new ClusterFolder(path, isTemporary: true);
            try
            {
                await ClearAsync(folder, ct).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or LocalPostgresException)
            {
                Log.StaleFolderKept(logger, e, path);
            }
        }
    }

    private async Task ClearAsync(ClusterFolder folder, CancellationToken ct)
    {
        if (IsEmptyAndOld(folder))
        {
            folder.Delete();
            return;
        }

        if (OwnerRecord.Read(folder) is not { IsTemporary: true } record || record.Owner.IsAlive() || record.Supervisor?.IsAlive() == true)
        {
            return;
        }

        using FolderLock? taken = FolderLock.TryTake(folder);
        if (taken is not null)
        {
            await new AbandonedCluster(folder, logger).ClearAsync(ct).ConfigureAwait(false);
            Log.StaleFolderRemoved(logger, folder.Root);
        }
    }

    private bool IsEmptyAndOld(ClusterFolder folder) =>
        !Directory.EnumerateFileSystemEntries(folder.Root).Any() && time.GetUtcNow().UtcDateTime - Directory.GetLastWriteTimeUtc(folder.Root) > UnmarkedAge;

    // In a folder open to all, another user may make a folder of this name and fill it with traps for root.
    private static async Task<IReadOnlyList<string>> OwnAsync(string[] paths, CancellationToken ct)
    {
        if (OperatingSystem.IsWindows() || paths.Length == 0)
        {
            return paths;
        }

        const string script = "for folder; do if [ -d \"$folder\" ] && [ ! -L \"$folder\" ] && [ -O \"$folder\" ]; then printf '%s\\n' \"$folder\"; fi; done";
        CommandResult own = await ProcessRunner.RunAsync(["sh", "-c", script, "sh", .. paths], ListLimit, ct: ct).ConfigureAwait(false);
        return own.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
