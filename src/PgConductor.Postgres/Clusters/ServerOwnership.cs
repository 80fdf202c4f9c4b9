using Microsoft.Extensions.Logging;
using PgConductor.Postgres.Servers;

namespace PgConductor.Postgres.Clusters;

/// <summary>The right and duty to stop a server that this process started.</summary>
internal sealed class ServerOwnership(ClusterFolder folder, IServerControl control, Task<int> ended, FolderLock folderLock, ILogger logger)
{
    private volatile bool _stopping;

    /// <summary>Reports a server that ends although nobody stopped it.</summary>
    public async Task WatchAsync()
    {
        int exitCode = await ended.ConfigureAwait(false);
        if (!_stopping)
        {
            Log.ServerEnded(logger, folder.Root, exitCode, folder.ServerLog);
        }
    }

    /// <summary>Stops the server, removes a temporary folder and frees a persistent one.</summary>
    public async Task StopAsync()
    {
        _stopping = true;
        try
        {
            await control.StopAsync(CancellationToken.None).ConfigureAwait(false);
            Log.ServerStopped(logger, folder.Root);
        }
        finally
        {
            folderLock.Dispose();
        }
    }
}
