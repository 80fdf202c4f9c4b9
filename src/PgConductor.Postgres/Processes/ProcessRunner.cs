using System.ComponentModel;
using System.Diagnostics;

namespace PgConductor.Postgres.Processes;

/// <summary>Runs short commands to their end, bounded in time.</summary>
internal static class ProcessRunner
{
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(2);

    /// <summary>A folder that every account can enter, so that a command run as another user has a valid working folder.</summary>
    public static string NeutralDirectory { get; } = Path.GetPathRoot(Path.GetTempPath()) ?? "/";

    /// <summary>Runs a command and collects what it prints; its process tree is killed when it takes too long or is cancelled.</summary>
    public static async Task<CommandResult> RunAsync(
        IReadOnlyList<string> command,
        TimeSpan timeout,
        IReadOnlyDictionary<string, string>? environment = null,
        CancellationToken ct = default
    )
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = NeutralDirectory,
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            return new CommandResult(CommandResult.NotStarted, "", $"{command[0]} could not be started: {e.Message}");
        }

        process.StandardInput.Close();
        var output = new StreamCollector(process.StandardOutput);
        var errors = new StreamCollector(process.StandardError);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(timeout);
        try
        {
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            ct.ThrowIfCancellationRequested();
            return new CommandResult(CommandResult.TimedOut, output.Text, $"{errors.Text}\n{command[0]} did not end within {timeout.TotalSeconds:0} s");
        }

        // A service that the command started may hold its output open; what the command said has arrived by then.
        await new Deadline(DrainLimit).WaitUntilAsync(() => output.HasEnded && errors.HasEnded, ct).ConfigureAwait(false);
        return new CommandResult(process.ExitCode, output.Text, errors.Text);
    }
}
