using System.Diagnostics;
using System.Runtime.InteropServices;

namespace PgConductor.Cli.Tasks;

/// <summary>A program and everything it started, to be ended together.</summary>
internal abstract class ProcessTree
{
    /// <summary>Marks the program and, by inheritance, all that it starts, whatever their parents and sessions become.</summary>
    public const string Variable = "PGCONDUCTOR_RUN";

    public static ProcessTree Of(Process process, Guid run, TimeProvider timeProvider) =>
        OperatingSystem.IsLinux() ? new LinuxProcessTree(process.Id, run, timeProvider) : new PortableProcessTree(process, timeProvider);

    /// <summary>Asks all to end, and kills what has not after the grace.</summary>
    public abstract Task EndAsync(TimeSpan grace);
}

/// <summary>Where there is no /proc: the program is asked, and its descendants are killed.</summary>
internal sealed partial class PortableProcessTree(Process process, TimeProvider timeProvider) : ProcessTree
{
    public override async Task EndAsync(TimeSpan grace)
    {
        if (!OperatingSystem.IsWindows() && grace > TimeSpan.Zero && Signals.Send(process.Id, Signals.Terminate))
        {
            using var limit = new CancellationTokenSource(grace, timeProvider);
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                // Killed below.
            }
        }

        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }
}

/// <summary>kill(2).</summary>
internal static partial class Signals
{
    public const int Kill = 9;
    public const int Terminate = 15;

    /// <summary>False: there is no such process, or it is not ours.</summary>
    public static bool Send(int pid, int signal) => SendSignal(pid, signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SendSignal(int pid, int signal);
}
