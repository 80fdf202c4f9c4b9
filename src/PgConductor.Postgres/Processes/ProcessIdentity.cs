using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace PgConductor.Postgres.Processes;

/// <summary>One process, told apart from a later one that was given the same id.</summary>
/// <param name="Pid">The process id.</param>
/// <param name="Started">When it started, in a form that only compares: boot id and clock ticks on Linux, a time elsewhere.</param>
internal sealed record ProcessIdentity(int Pid, string Started)
{
    // Stands for a process that exists but may not be looked at; it equals no recorded start, yet counts as alive.
    private const string Unknown = "unknown";

    // ESRCH, as the runtime passes it on.
    private const int NoSuchProcess = 3;

    public static ProcessIdentity Current { get; } = Of(Environment.ProcessId) ?? new ProcessIdentity(Environment.ProcessId, Unknown);

    /// <summary>The process that has this id now; null when there is none, or only a zombie.</summary>
    public static ProcessIdentity? Of(int pid)
    {
        string? started = OperatingSystem.IsLinux() ? StartedOnLinux(pid) : StartedElsewhere(pid);
        return started is null ? null : new ProcessIdentity(pid, started);
    }

    // What another version of this package recorded in another form says nothing about the process that has the id now.
    private bool IsComparable =>
        OperatingSystem.IsLinux()
            ? Started.IndexOf(':', StringComparison.Ordinal) is var colon and > 0 && Guid.TryParse(Started.AsSpan(0, colon), out _) && ulong.TryParse(Started.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _)
            : DateTime.TryParseExact(Started, "O", CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out _);

    /// <summary>Whether this very process still runs. In doubt it does, so that nothing of a live process is ever cleared away.</summary>
    public bool IsAlive() => Of(Pid) is { } now && (now.Started == Started || now.Started == Unknown || !IsComparable);

    // Field 22 of stat counts ticks since boot: unlike wall-clock times, it does not move when the clock is set.
    private static string? StartedOnLinux(int pid)
    {
        try
        {
            string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            // The name in parentheses may hold spaces and parentheses itself; the fields follow the last one.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : $"{File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()}:{fields[19]}";
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (IOException e) when (e.HResult == NoSuchProcess)
        {
            // The process ended between the opening of the file and the reading of it.
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not to be looked at, or this process has too many files open: no sign of the other's death.
            return Unknown;
        }
    }

    private static string? StartedElsewhere(int pid)
    {
        try
        {
            using Process process = Process.GetProcessById(pid);
            return process.HasExited ? null : process.StartTime.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return null;
        }
        catch (Win32Exception)
        {
            return Unknown;
        }
    }
}
