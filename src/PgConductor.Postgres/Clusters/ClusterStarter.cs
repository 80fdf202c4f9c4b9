using Microsoft.Extensions.Logging;
using PgConductor.Postgres.Binaries;
using PgConductor.Postgres.Servers;

namespace PgConductor.Postgres.Clusters;

/// <summary>Starts the server of a folder that this process owns.</summary>
/// <param name="folder">The folder; its lock is held.</param>
/// <param name="account">Who runs the server.</param>
/// <param name="binaries">The programs.</param>
/// <param name="options">The settings and the time limit.</param>
/// <param name="logger">Is told what happens.</param>
/// <param name="pickPort">Offers ports to try; null for free ones.</param>
internal sealed class ClusterStarter(
    ClusterFolder folder,
    ServerAccount account,
    ServerBinaries binaries,
    LocalPostgresOptions options,
    ILogger logger,
    Func<int>? pickPort = null
)
{
    private const int PortAttempts = 10;

    // What a gentle stop may take. The data of a temporary cluster need no checkpoint that takes longer.
    private TimeSpan Grace => TimeSpan.FromSeconds(folder.IsTemporary ? 5 : 30);

    /// <summary>Creates the cluster if need be and starts its server; when that fails, everything started is stopped again.</summary>
    /// <param name="ownership">The lock of the folder; released when the start fails or the server is stopped.</param>
    /// <param name="ct">Gives up the start.</param>
    public async Task<LocalPostgres> StartAsync(FolderLock ownership, CancellationToken ct)
    {
        IServerControl? control = null;
        try
        {
            int? lastPort = OwnerRecord.Read(folder)?.Port;
            folder.RotateLogs();
            control = OperatingSystem.IsWindows()
                ? new WindowsServer(folder, Grace, options.StartTimeout, logger)
                : SupervisedServer.Start(folder, account, binaries.Control, Grace, logger);
            OwnerRecord record = OwnerRecord.OfThisProcess(folder) with { Supervisor = control.Supervisor, BinDirectory = binaries.Directory };
            record.Write(folder);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(options.StartTimeout);
            string password = await new ClusterCreator(folder, account, binaries, control, logger).EnsureAsync(limit.Token).ConfigureAwait(false);
            (ServerEndpoint endpoint, Task<int> ended) = await ServeAsync(control, password, lastPort, limit.Token).ConfigureAwait(false);
            (record with { Port = endpoint.Port }).Write(folder);
            Log.ServerStarted(logger, binaries.MajorVersion, endpoint.Port, folder.Root, binaries.Directory);
            return new LocalPostgres(folder, binaries, endpoint, new ServerOwnership(folder, control, ended, ownership, logger));
        }
        catch (Exception e)
        {
            // The logs go with a temporary folder, so the error is worded before the stop.
            Exception reported = e is OperationCanceledException && !ct.IsCancellationRequested ? TimedOut() : e;
            await GiveUpAsync(control).ConfigureAwait(false);
            ownership.Dispose();
            if (reported != e)
            {
                throw reported;
            }

            throw;
        }
    }

    private async Task<(ServerEndpoint Endpoint, Task<int> Ended)> ServeAsync(IServerControl control, string password, int? lastPort, CancellationToken ct)
    {
        for (int attempt = 1; ; attempt++)
        {
            // A persistent cluster keeps its port while nobody else has it, so that what users copied goes on working.
            int port = attempt == 1 && lastPort is { } last && FreePort.IsFree(last) ? last : (pickPort ?? FreePort.Pick)();
            var endpoint = new ServerEndpoint(port, password);
            Task<int> ended = await control.ServeAsync(new ServerCommand(binaries, folder.Data, port, options.Settings), ct).ConfigureAwait(false);
            if (await endpoint.WaitUntilItAnswersAsync(folder.Data, ended, ct).ConfigureAwait(false))
            {
                return (endpoint, ended);
            }

            // The thief may be gone again by now, so the first failure is always given a second chance.
            bool mayBeThePort = attempt == 1 || !FreePort.IsFree(port);
            if (!mayBeThePort || attempt == PortAttempts)
            {
                throw new LocalPostgresException(
                    LocalPostgresErrors.StartFailed,
                    $"The PostgreSQL {binaries.MajorVersion} server of '{folder.Root}' ended with exit code {await ended.ConfigureAwait(false)} while it was starting. "
                        + $"The end of its log: {LogTail.Read(folder.ServerLog)}"
                );
            }

            Log.StartRetried(logger, port);
        }
    }

    private async Task GiveUpAsync(IServerControl? control)
    {
        try
        {
            Task stop = control?.StopAsync(CancellationToken.None) ?? new AbandonedCluster(folder, logger).ClearAsync(CancellationToken.None);
            await stop.ConfigureAwait(false);
        }
        catch (Exception e) when (e is LocalPostgresException or IOException or UnauthorizedAccessException)
        {
            // The failure of the start is the one to report.
            Log.StopFailed(logger, e, folder.Root);
        }
    }

    private LocalPostgresException TimedOut() =>
        new(
            LocalPostgresErrors.StartTimeout,
            $"The PostgreSQL {binaries.MajorVersion} server of '{folder.Root}' did not answer within StartTimeout ({options.StartTimeout.TotalSeconds:0.#} s). "
                + $"The end of its log: {LogTail.Read(File.Exists(folder.ServerLog) ? folder.ServerLog : folder.CommandLog)}"
        );
}
