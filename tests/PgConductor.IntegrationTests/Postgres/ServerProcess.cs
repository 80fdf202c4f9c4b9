using System.Globalization;
using PgConductor.Postgres;
using PgConductor.Postgres.Processes;

namespace PgConductor.IntegrationTests.Postgres;

/// <summary>Looks at the processes of a server.</summary>
internal static class ServerProcess
{
    /// <summary>The process of a running server, by its pid file.</summary>
    public static ProcessIdentity Of(string dataDirectory) =>
        ProcessIdentity.Of(int.Parse(File.ReadLines(Path.Combine(dataDirectory, "postmaster.pid")).First(), CultureInfo.InvariantCulture))
        ?? throw new InvalidOperationException($"No server runs in {dataDirectory}");

    public static ProcessIdentity Of(LocalPostgres server) => Of(server.DataDirectory);

    /// <summary>The real user id of a process.</summary>
    public static string UserId(int pid) =>
        File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/status"))
            .Single(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1];

    /// <summary>Processes, other than this one, whose command line holds a text.</summary>
    public static string[] Mentioning(string text) =>
        [.. Directory.GetDirectories("/proc").Select(CommandLine).Where(line => line.Contains(text, StringComparison.Ordinal))];

    private static string CommandLine(string folder)
    {
        try
        {
            return int.TryParse(Path.GetFileName(folder), out int pid) && pid != Environment.ProcessId
                ? File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ')
                : "";
        }
        catch (IOException)
        {
            // The process ended while it was looked at.
            return "";
        }
    }
}
