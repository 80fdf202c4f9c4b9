namespace PgConductor.Postgres.Binaries;

/// <summary>One way to get server programs onto this machine.</summary>
internal interface IInstallRoute
{
    /// <summary>The name of the tool, for messages.</summary>
    public string Name { get; }

    /// <summary>Installs the programs; null on success, else why it did not work.</summary>
    public Task<string?> InstallAsync(CancellationToken ct);
}
