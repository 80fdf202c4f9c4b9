namespace PgConductor.Postgres;

/// <summary>Where a connection came from.</summary>
public enum PostgresConnectionSource
{
    /// <summary>The caller named it, for example with --connection.</summary>
    Explicit,

    /// <summary>The environment variable DATABASE_URL.</summary>
    Environment,

    /// <summary>A local server of this package, because nothing else was named.</summary>
    Embedded,
}
