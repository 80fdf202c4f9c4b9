using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using PgConductor.Postgres.Processes;

namespace PgConductor.Postgres.Clusters;

/// <summary>Stops the server of a cluster that has nobody else to do it, and removes the folder when it is temporary.</summary>
/// <remarks>The server is found by the pid file of its data folder, and signalled only after the process was seen to serve that folder.</remarks>
internal sealed class AbandonedCluster(ClusterFolder folder, ILogger logger)
{
    private static readonly TimeSpan SignalLimit = TimeSpan.FromSeconds(10);

    // Fast, immediate, and what nothing survives.
    private static readonly string[] Signals = ["INT", "QUIT", "KILL"];

    /// <summary>Does nothing when there is no server and no folder to remove.</summary>
    /// <exception cref="LocalPostgresException">The server still runs (stop-failed).</exception>
    public async Task ClearAsync(CancellationToken ct)
    {
        if (Postmaster.Find(folder.Data) is { } server)
        {
            Log.StoppingAbandonedServer(logger, server.Pid, folder.Root);
            await StopAsync(server, ct).ConfigureAwait(false);
        }

        if (folder.IsTemporary)
        {
            folder.Delete();
        }
        else
        {
            Postmaster.RemoveStaleFile(folder.Data);
        }
    }

    private static async Task StopAsync(ProcessIdentity server, CancellationToken ct)
    {
        foreach (string signal in Signals)
        {
            await SignalAsync(server.Pid, signal, ct).ConfigureAwait(false);
            if (await new Deadline(SignalLimit).WaitUntilAsync(() => !server.IsAlive(), ct).ConfigureAwait(false))
            {
                return;
            }
        }

        throw new LocalPostgresException(
            LocalPostgresErrors.StopFailed,
            $"The PostgreSQL server with process id {server.Pid} does not stop, not even by SIGKILL; end it by hand."
        );
    }

    private static async Task SignalAsync(int pid, string signal, CancellationToken ct)
    {
        if (!OperatingSystem.IsWindows())
        {
            string number = pid.ToString(CultureInfo.InvariantCulture);
            await ProcessRunner.RunAsync(["sh", "-c", "kill -\"$0\" \"$1\"", signal, number], SignalLimit, ct: ct).ConfigureAwait(false);
            return;
        }

        try
        {
            using Process process = Process.GetProcessById(pid);
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            // It ended meanwhile, or may not be touched: the caller looks whether it is still there.
            return;
        }
    }
}
