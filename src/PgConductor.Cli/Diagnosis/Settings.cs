using System.Globalization;

namespace PgConductor.Cli.Diagnosis;

/// <summary>The server's settings that make work unsafe or slow.</summary>
internal static class Settings
{
    public static IEnumerable<Finding> Judge(IReadOnlyDictionary<string, string> settings)
    {
        var findings = new List<Finding>();
        foreach (var (name, consequence) in new[]
        {
            ("fsync", "a crash of the machine may destroy the database"),
            ("full_page_writes", "a crash of the machine may destroy the database"),
            ("autovacuum", "deleted rows pile up and claims get slower and slower"),
            ("track_counts", "autovacuum sees no work without it: deleted rows pile up"),
        })
        {
            if (settings.GetValueOrDefault(name) == "off")
            {
                findings.Add(Finding.Error("settings", $"{name} is off: {consequence}", $"Set {name} = on."));
            }
        }

        if (settings.GetValueOrDefault("synchronous_commit") == "off")
        {
            findings.Add(Finding.Warning("settings", "synchronous_commit is off: a crash of the server may lose the last moment's executions and outcomes, which then run again", "Set synchronous_commit = on, unless that is acceptable."));
        }

        if (findings.Count == 0)
        {
            findings.Add(Finding.Ok("settings", "commits are durable, autovacuum is on"));
        }

        findings.Add(Connections(Number("max_connections") - Number("superuser_reserved_connections"), Number("connections_in_use")));
        return findings;

        int Number(string name) => int.TryParse(settings.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    private static Finding Connections(int most, int used)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{used} of {most} connections in use");
        return used * 10 >= most * 9
            ? Finding.Error("connections", text, "Raise max_connections, make pools smaller, or put a pooler between.")
            : used * 10 >= most * 7 ? Finding.Warning("connections", text, "Raise max_connections, make pools smaller, or put a pooler between.")
            : Finding.Ok("connections", text);
    }
}
