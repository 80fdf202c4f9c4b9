using System.Text.RegularExpressions;

namespace PgConductor.Postgres.Servers;

/// <summary>Says which server settings a caller may give.</summary>
internal static partial class ServerSettings
{
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "port",
        "listen_addresses",
        "unix_socket_directories",
        "data_directory",
        "config_file",
        "hba_file",
        "ident_file",
        "external_pid_file",
        "logging_collector",
        "log_destination",
    };

    /// <summary>Checks every setting.</summary>
    /// <exception cref="LocalPostgresException">One message for all settings that cannot be used (invalid-option).</exception>
    public static void Validate(IReadOnlyDictionary<string, string> settings)
    {
        string[] faults = [.. settings.Select(setting => Fault(setting.Key, setting.Value)).OfType<string>()];
        if (faults.Length > 0)
        {
            throw new LocalPostgresException(LocalPostgresErrors.InvalidOption, $"Settings: {string.Join("; ", faults)}.");
        }
    }

    private static string? Fault(string name, string value)
    {
        if (!Name().IsMatch(name))
        {
            return $"'{name}' is not the name of a server setting";
        }

        if (Reserved.Contains(name))
        {
            return $"'{name}' is chosen by this package and cannot be set";
        }

        return value is null || value.AsSpan().ContainsAny('\0', '\n', '\r') ? $"the value of '{name}' must be one line of text" : null;
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*\z")]
    private static partial Regex Name();
}
