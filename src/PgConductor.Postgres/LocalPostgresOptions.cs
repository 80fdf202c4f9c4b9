namespace PgConductor.Postgres;

/// <summary>How a local server is found, where its data live and how it is configured.</summary>
public sealed class LocalPostgresOptions
{
    /// <summary>The environment variable that names the folder of the server programs when <see cref="BinDirectory"/> is null.</summary>
    public const string BinDirectoryVariable = "PGCONDUCTOR_POSTGRES_BIN";

    /// <summary>The folder that holds <c>initdb</c>, <c>pg_ctl</c> and <c>postgres</c>; nothing else is searched when it is set.</summary>
    /// <value>
    /// Default null: the environment variable PGCONDUCTOR_POSTGRES_BIN, then PATH, then the usual install folders
    /// (newest first), then the folder of earlier downloads, then <see cref="AllowInstall"/>.
    /// </value>
    public string? BinDirectory { get; init; }

    /// <summary>The folder of the cluster.</summary>
    /// <value>
    /// Default null: a private temporary folder, deleted when the server stops or its owner dies. A path: a persistent
    /// cluster, created at the first start and reused by later ones. While one process owns it, others attach to
    /// the running server instead of starting a second one.
    /// </value>
    public string? Directory { get; init; }

    /// <summary>Whether missing server programs may be installed, with apt-get (as root on Debian and its kin) or npm.</summary>
    /// <value>Default true. An install may take minutes and is not counted in <see cref="StartTimeout"/>; it is bounded by 10 minutes.</value>
    public bool AllowInstall { get; init; } = true;

    /// <summary>Server settings, by name, that override the defaults of this package and those of the cluster.</summary>
    /// <value>
    /// Default empty. The package's own defaults are max_connections=200, shared_buffers=256MB, max_wal_size=4GB,
    /// timezone=UTC; commits stay durable. The port, the addresses and the file locations cannot be set.
    /// Ignored by a start that attaches to a server which is running already.
    /// </value>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>How long creating the cluster and starting the server may take together, until it answers a query.</summary>
    /// <value>Default 60 seconds; must be positive.</value>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
