namespace PgConductor.Postgres.Binaries;

/// <summary>One way to get server programs onto this machine.</summary>
    internal interface IInstallRoute
{
    /// <summary>The name of the tool, for messages.</summary>
    string Name { get; }

    /// <summary>Installs the programs; null on success, else why it did not work.</summary>
    Task<string?> InstallAsync(CancellationToken ct);
}
