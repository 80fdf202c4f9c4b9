using System.Globalization;
using PgConductor.Postgres.Binaries;

namespace PgConductor.Postgres.Servers;

/// <summary>The command line of a server: where its data are, where it listens, how it is set.</summary>
/// <param name="Binaries">The programs to run.</param>
/// <param name="DataDirectory">The data folder.</param>
/// <param name="Port">The TCP port on 127.0.0.1.</param>
/// <param name="Settings">Settings of the caller, which win over <see cref="Defaults"/>.</param>
internal sealed record ServerCommand(ServerBinaries Binaries, string DataDirectory, int Port, IReadOnlyDictionary<string, string> Settings)
{
    /// <summary>What a development server needs and PostgreSQL does not do by itself. Durability is left as it is.</summary>
    public static readonly IReadOnlyList<KeyValuePair<string, string>> Defaults =
    [
        new("max_connections", "200"),
        new("shared_buffers", "256MB"),
        new("max_wal_size", "4GB"),
        new("timezone", "UTC"),
        new("log_timezone", "UTC"),
        new("lc_messages", "C"),
    ];

    // The package depends on these; ServerSettings refuses them from callers. Last on the line, they win.
    private static readonly KeyValuePair<string, string>[] Fixed =
    [
        new("listen_addresses", "127.0.0.1"),
        new("unix_socket_directories", ""),
        new("logging_collector", "off"),
        new("log_destination", "stderr"),
    ];

    /// <summary>The arguments of <c>postgres</c>.</summary>
    public IReadOnlyList<string> Arguments =>
        [
            "-D",
            DataDirectory,
            "-p",
            Port.ToString(CultureInfo.InvariantCulture),
            .. Defaults.Concat(Settings).Concat(Fixed).SelectMany(setting => new[] { "-c", $"{setting.Key}={setting.Value}" }),
        ];
}
