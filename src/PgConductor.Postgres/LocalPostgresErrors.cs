namespace PgConductor.Postgres;

/// <summary>The values of <see cref="LocalPostgresException.Code"/>: stable names that programs may compare.</summary>
public static class LocalPostgresErrors
{
    /// <summary>No usable PostgreSQL server programs were found, and none could be installed. The message says what to install.</summary>
    public const string BinariesNotFound = "binaries-not-found";

    /// <summary>The server programs that were asked for are older than <see cref="LocalPostgres.OldestSupportedMajor"/>.</summary>
    public const string UnsupportedVersion = "unsupported-version";

    /// <summary>The folder holds a cluster of another major version than the server programs at hand.</summary>
    public const string VersionMismatch = "version-mismatch";

    /// <summary>An option has a value that cannot be used; nothing was started.</summary>
    public const string InvalidOption = "invalid-option";

    /// <summary>The caller is root and no other account could be used: PostgreSQL refuses to run as root.</summary>
    public const string NoUnprivilegedAccount = "no-unprivileged-account";

    /// <summary>The cluster folder cannot be created, or the account that runs the server cannot reach it.</summary>
    public const string DirectoryNotAccessible = "directory-not-accessible";

    /// <summary>The cluster folder holds files that this package did not make; they are left alone.</summary>
    public const string DirectoryNotEmpty = "directory-not-empty";

    /// <summary>Another process owns the cluster folder and its server does not answer.</summary>
    public const string DirectoryInUse = "directory-in-use";

    /// <summary><c>initdb</c> could not create the cluster. The message carries its output.</summary>
    public const string InitdbFailed = "initdb-failed";

    /// <summary>The server ended while it was starting. The message carries the tail of its log.</summary>
    public const string StartFailed = "start-failed";

    /// <summary>The server did not answer within <see cref="LocalPostgresOptions.StartTimeout"/>. The message carries the tail of its log.</summary>
    public const string StartTimeout = "start-timeout";

    /// <summary>The server could not be stopped within its time. The message names its process.</summary>
    public const string StopFailed = "stop-failed";

    /// <summary>A connection string or URL is not valid. The message never repeats a password.</summary>
    public const string InvalidConnection = "invalid-connection";
}
