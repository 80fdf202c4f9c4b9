using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using PgConductor.Postgres.Clusters;
using PgConductor.Postgres.Processes;

namespace PgConductor.Postgres.Servers;

/// <summary>A server on Windows, started by <c>pg_ctl</c>, which gives up administrator rights for it.</summary>
/// <remarks>
/// There is no supervisor here: after a crash of the owner the server goes on until the next start on this machine
/// sweeps it away.
/// </remarks>
internal sealed class WindowsServer(ClusterFolder folder, TimeSpan grace, TimeSpan startLimit, ILogger logger) : IServerControl
{
    private string? _controlProgram;

    public ProcessIdentity? Supervisor => null;

    public async Task<int> RunAsync(IReadOnlyList<string> command, CancellationToken ct)
    {
        CommandResult result = await ProcessRunner.RunAsync(command, startLimit, ct: ct).ConfigureAwait(false);
        await File.AppendAllTextAsync(folder.CommandLog, result.Tail(200), ct).ConfigureAwait(false);
        return result.ExitCode;
    }

    public async Task<Task<int>> ServeAsync(ServerCommand server, CancellationToken ct)
    {
        _controlProgram = server.Binaries.Control;
        string options = WindowsArguments.Join(server.Arguments.Skip(2));
        string[] start = [_controlProgram, "start", "-W", "-s", "-D", folder.Data, "-l", folder.ServerLog, "-o", options];
        CommandResult started = await ProcessRunner.RunAsync(start, startLimit, ct: ct).ConfigureAwait(false);
        if (!started.Succeeded)
        {
            return Task.FromResult(started.ExitCode);
        }

        ProcessIdentity? postmaster = null;
        await new Deadline(TimeSpan.FromSeconds(5)).WaitUntilAsync(() => (postmaster = Postmaster.Find(folder.Data)) is not null, ct).ConfigureAwait(false);
        return postmaster is null ? Task.FromResult(1) : WaitForEndAsync(postmaster.Pid);
    }

    public async Task StopAsync(CancellationToken ct)
    {
        if (_controlProgram is not null && Postmaster.Find(folder.Data) is not null)
        {
            string seconds = grace.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
            foreach (string mode in new[] { "fast", "immediate" })
            {
                string[] stop = [_controlProgram, "stop", "-s", "-w", "-D", folder.Data, "-m", mode, "-t", seconds];
                if ((await ProcessRunner.RunAsync(stop, 2 * grace, ct: ct).ConfigureAwait(false)).Succeeded)
                {
                    break;
                }
            }
        }

        await new AbandonedCluster(folder, logger).ClearAsync(ct).ConfigureAwait(false);
    }

    private static async Task<int> WaitForEndAsync(int pid)
    {
        try
        {
            using Process process = Process.GetProcessById(pid);
            await process.WaitForExitAsync().ConfigureAwait(false);
            return process.ExitCode;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // It ended before it could be watched, or its exit code belongs to its parent.
            return 1;
        }
    }
}
