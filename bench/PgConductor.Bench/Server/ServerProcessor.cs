using System.Globalization;
using Npgsql;

namespace PgConductor.Bench.Server;

/// <summary>The processor time that a server on this machine has used: unlike rates, it hardly depends on what else the machine does.</summary>
/// <remarks>Reads /proc, so on Linux only; elsewhere, and for a server in another namespace, there is none.</remarks>
internal static class ServerProcessor
{
    private const int TicksPerSecond = 100;

    /// <summary>The server's main process; null: it cannot be seen from here.</summary>
    public static async Task<int?> FindAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("select pg_backend_pid()");
        var backend = (int)(await command.ExecuteScalarAsync(cancellationToken))!;
        return Stat(backend) is { } stat && stat[0].Contains("postgres", StringComparison.Ordinal) ? int.Parse(stat[2], CultureInfo.InvariantCulture) : null;
    }

    /// <summary>What the main process, its children, and the children that have ended used together.</summary>
    public static TimeSpan? Used(int? server)
    {
        if (server is not { } main)
        {
            return null;
        }

        // A child that ends while they are added up is in the main process's sum from then on: neither twice nor not at all.
        while (Stat(main) is { } stat)
        {
            var ticks = Ticks(stat, 12, 4) + Children(main).Sum(child => Ticks(child, 12, 2));
            if (Stat(main) is { } now && Ticks(now, 14, 2) == Ticks(stat, 14, 2))
            {
                return TimeSpan.FromSeconds((double)ticks / TicksPerSecond);
            }
        }

        return null;
    }

    private static IEnumerable<string[]> Children(int main)
    {
        var parent = main.ToString(CultureInfo.InvariantCulture);
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && Stat(id) is { } child && child[2] == parent)
            {
                yield return child;
            }
        }
    }

    private static long Ticks(string[] stat, int first, int count) => stat.Skip(first).Take(count).Sum(field => long.Parse(field, CultureInfo.InvariantCulture));

    /// <summary>Name, state, parent, and so on: the fields of /proc/…/stat, without the number in front.</summary>
    private static string[]? Stat(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");

            // The name is in parentheses and may hold anything, more of them included.
            var open = text.IndexOf('(', StringComparison.Ordinal);
            var close = text.LastIndexOf(')');
            return [text[(open + 1)..close], .. text[(close + 2)..].Split(' ')];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
