using System.Globalization;
using Microsoft.Extensions.Logging;
using PgConductor.Postgres.Binaries;
using PgConductor.Postgres.Processes;
using PgConductor.Postgres.Servers;

namespace PgConductor.Postgres.Clusters;

/// <summary>Decides what a start means: a new temporary cluster, a persistent one to own, or one to attach to.</summary>
internal sealed class ClusterOpener(LocalPostgresOptions options, ILogger logger)
{
    private static readonly TimeSpan SupervisorLimit = TimeSpan.FromSeconds(70);

    public async Task<LocalPostgres> OpenAsync(CancellationToken ct)
    {
        Validate();
        await new StaleClusterSweep(TemporaryFolders.Parents, TimeProvider.System, logger).RunAsync(ct).ConfigureAwait(false);
        return options.Directory is null
            ? await OpenTemporaryAsync(ct).ConfigureAwait(false)
            : await OpenPersistentAsync(new ClusterFolder(Path.GetFullPath(options.Directory), isTemporary: false), ct).ConfigureAwait(false);
    }

    /// <summary>The running server of the persistent folder, or null.</summary>
    public async Task<LocalPostgres?> TryAttachAsync(CancellationToken ct)
    {
        Validate();
        var folder = new ClusterFolder(Path.GetFullPath(options.Directory!), isTemporary: false);
        try
        {
            return await TryAttachAsync(folder, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw NotAccessible(folder, e);
        }
    }

    private void Validate()
    {
        ServerSettings.Validate(options.Settings);
        if (options.StartTimeout <= TimeSpan.Zero)
        {
            throw new LocalPostgresException(
                LocalPostgresErrors.InvalidOption,
                string.Create(CultureInfo.InvariantCulture, $"StartTimeout is {options.StartTimeout}; it must be positive.")
            );
        }

        if (options.Directory is { } directory && (string.IsNullOrWhiteSpace(directory) || directory.AsSpan().ContainsAny('\0', '\n', '\r')))
        {
            throw new LocalPostgresException(LocalPostgresErrors.InvalidOption, "Directory must be a path of one line, or null for a temporary cluster.");
        }
    }

    private async Task<LocalPostgres> OpenTemporaryAsync(CancellationToken ct)
    {
        (ServerAccount account, ServerBinaries binaries) = await ProvideAsync(folder: null, ct).ConfigureAwait(false);
        (ClusterFolder folder, FolderLock ownership) = await TemporaryFolders.CreateAsync(account, ct).ConfigureAwait(false);
        return await new ClusterStarter(folder, account, binaries, options, logger).StartAsync(ownership, ct).ConfigureAwait(false);
    }

    private async Task<LocalPostgres> OpenPersistentAsync(ClusterFolder folder, CancellationToken ct)
    {
        try
        {
            Prepare(folder);
            var deadline = new Deadline(options.StartTimeout);
            while (true)
            {
                if (FolderLock.TryTake(folder) is { } ownership)
                {
                    return await OwnAsync(folder, ownership, ct).ConfigureAwait(false);
                }

                if (await TryAttachAsync(folder, ct).ConfigureAwait(false) is { } attached)
                {
                    return attached;
                }

                if (deadline.HasPassed)
                {
                    throw InUse(folder);
                }

                await deadline.PauseAsync(ct).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw NotAccessible(folder, e);
        }
    }

    private static LocalPostgresException NotAccessible(ClusterFolder folder, Exception cause) =>
        new(
            LocalPostgresErrors.DirectoryNotAccessible,
            $"The cluster folder '{folder.Root}' cannot be used: {cause.Message} Run as the user who made it, or choose another Directory.",
            cause
        );

    private static void Prepare(ClusterFolder folder)
    {
        if (!Directory.Exists(folder.Root))
        {
            ClusterFolder.CreatePrivate(folder.Root);
        }
        else if (!File.Exists(folder.LockFile) && Directory.EnumerateFileSystemEntries(folder.Root).Any())
        {
            throw new LocalPostgresException(
                LocalPostgresErrors.DirectoryNotEmpty,
                $"'{folder.Root}' holds files but no cluster made by this package. Give an empty or a new folder; nothing was changed."
            );
        }
    }

    private async Task<LocalPostgres> OwnAsync(ClusterFolder folder, FolderLock ownership, CancellationToken ct)
    {
        try
        {
            await WaitForLastSupervisorAsync(folder, ct).ConfigureAwait(false);
            await new AbandonedCluster(folder, logger).ClearAsync(ct).ConfigureAwait(false);
            (ServerAccount account, ServerBinaries binaries) = await ProvideAsync(folder, ct).ConfigureAwait(false);
            if (!await folder.IsReachableAsync(account, ct).ConfigureAwait(false))
            {
                throw new LocalPostgresException(
                    LocalPostgresErrors.DirectoryNotAccessible,
                    $"The account that runs the server cannot reach '{folder.Root}': a folder above it keeps others out. "
                        + "Choose a folder outside root's home, or allow others to pass (chmod o+x) every folder above it."
                );
            }

            return await new ClusterStarter(folder, account, binaries, options, logger).StartAsync(ownership, ct).ConfigureAwait(false);
        }
        catch
        {
            ownership.Dispose();
            throw;
        }
    }

    // The last owner may have died a moment ago: what it started is being stopped right now.
    private static async Task WaitForLastSupervisorAsync(ClusterFolder folder, CancellationToken ct)
    {
        if (OwnerRecord.Read(folder)?.Supervisor is { } supervisor)
        {
            await new Deadline(SupervisorLimit).WaitUntilAsync(() => !supervisor.IsAlive(), ct).ConfigureAwait(false);
        }
    }

    private async Task<LocalPostgres?> TryAttachAsync(ClusterFolder folder, CancellationToken ct)
    {
        if (OwnerRecord.Read(folder) is not { Port: { } port, BinDirectory: { } bin } record || folder.MajorVersion is not { } major || !File.Exists(folder.PasswordFile))
        {
            return null;
        }

        var endpoint = new ServerEndpoint(port, (await File.ReadAllTextAsync(folder.PasswordFile, ct).ConfigureAwait(false)).Trim());
        if (!await endpoint.AnswersAsync(folder.Data, ct).ConfigureAwait(false))
        {
            return null;
        }

        Log.Attached(logger, port, record.Owner.Pid, folder.Root);
        return new LocalPostgres(folder, new ServerBinaries(bin, major), endpoint, ownership: null);
    }

    private async Task<(ServerAccount Account, ServerBinaries Binaries)> ProvideAsync(ClusterFolder? folder, CancellationToken ct)
    {
        ServerAccount account = await ServerAccount.ResolveAsync(folder?.Data, ct).ConfigureAwait(false);
        BinaryProvider provider = BinaryProvider.ForThisMachine(account, logger);
        ServerBinaries binaries = await provider.GetAsync(options.BinDirectory, options.AllowInstall, folder?.MajorVersion, ct).ConfigureAwait(false);
        if (provider.HasInstalled)
        {
            // The package has brought the account that is meant to run the server.
            account = await ServerAccount.ResolveAsync(folder?.Data, ct).ConfigureAwait(false);
        }

        return (account, binaries);
    }

    private LocalPostgresException InUse(ClusterFolder folder)
    {
        string owner = OwnerRecord.Read(folder) is { } record ? string.Create(CultureInfo.InvariantCulture, $"process {record.Owner.Pid}") : "another process";
        return new LocalPostgresException(
            LocalPostgresErrors.DirectoryInUse,
            $"The cluster in '{folder.Root}' is owned by {owner}, and its server did not answer within StartTimeout ({options.StartTimeout.TotalSeconds:0.#} s). "
                + "Stop that process, or choose another Directory."
        );
    }
}
