using System.Diagnostics;
using System.Globalization;
using PgConductor.Postgres.Processes;

namespace PgConductor.Postgres.Clusters;

/// <summary>Reads which process serves a data folder.</summary>
internal static class Postmaster
{
    /// <summary>The running server of a data folder; null when there is none, or its pid now belongs to something else.</summary>
    public static ProcessIdentity? Find(string data)
    {
        string? first = ReadFirstLine(Path.Combine(data, "postmaster.pid"));
        return int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && Serves(pid, data) ? ProcessIdentity.Of(pid) : null;
    }

    /// <summary>Removes a pid file that a crash left behind, so that a new server is not misled by a reused pid.</summary>
    public static void RemoveStaleFile(string data)
    {
        if (System.IO.Directory.Exists(data) && Find(data) is null)
        {
            File.Delete(Path.Combine(data, "postmaster.pid"));
        }
    }

    private static string? ReadFirstLine(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static bool Serves(int pid, string data)
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                string[] words = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cmdline")).Split('\0');
                return Path.GetFileName(words[0]) == "postgres" && words.Contains(data, StringComparer.Ordinal);
            }

            using Process process = Process.GetProcessById(pid);
            return process.ProcessName.StartsWith("postgres", StringComparison.OrdinalIgnoreCase);
        }
        catch (Exception e) when (e is IOException or ArgumentException or InvalidOperationException)
        {
            // There is no such process, or not any more.
            return false;
        }
    }
}
