using Microsoft.Extensions.Logging;
using PgConductor.Postgres.Processes;
using PgConductor.Postgres.Servers;

namespace PgConductor.Postgres.Binaries;

/// <summary>Gets server programs: those that were asked for, else found ones, else installed ones.</summary>
/// <param name="layout">Where to look.</param>
/// <param name="locator">Looks.</param>
/// <param name="routes">The ways to install, tried in order.</param>
/// <param name="logger">Is told of installs.</param>
internal sealed class BinaryProvider(HostLayout layout, BinaryLocator locator, IReadOnlyList<IInstallRoute> routes, ILogger logger)
{
    private static readonly TimeSpan VersionLimit = TimeSpan.FromSeconds(20);

    /// <summary>Whether something was installed: with a package, accounts may have come.</summary>
    public bool HasInstalled { get; private set; }

    /// <summary>The provider of this machine; programs count as found only when this account can run them.</summary>
    public static BinaryProvider ForThisMachine(ServerAccount account, ILogger logger)
    {
        HostLayout layout = HostLayout.OfThisMachine();
        var locator = new BinaryLocator(layout, (folder, ct) => ReadMajorAsync(account, folder, ct));
        return new BinaryProvider(layout, locator, [new AptRoute(), new NpmRoute(layout.Cache, HostLayout.NpmPlatform)], logger);
    }

    /// <summary>Gets the programs.</summary>
    /// <param name="explicitFolder">The folder asked for; null to search.</param>
    /// <param name="allowInstall">Whether to install when none is found.</param>
    /// <param name="major">The major version they must have; null when any will do.</param>
    /// <param name="ct">Ends the search, and an install.</param>
    /// <exception cref="LocalPostgresException">There are none (binaries-not-found, unsupported-version, version-mismatch).</exception>
    public async Task<ServerBinaries> GetAsync(string? explicitFolder, bool allowInstall, int? major, CancellationToken ct)
    {
        if (!string.IsNullOrWhiteSpace(explicitFolder))
        {
            return await locator.FromAsync(explicitFolder, nameof(LocalPostgresOptions.BinDirectory), major, ct).ConfigureAwait(false);
        }

        string? variable = layout.Variable(LocalPostgresOptions.BinDirectoryVariable);
        if (!string.IsNullOrWhiteSpace(variable))
        {
            return await locator.FromAsync(variable, LocalPostgresOptions.BinDirectoryVariable, major, ct).ConfigureAwait(false);
        }

        (ServerBinaries? found, IReadOnlyList<string> passedOver) = await locator.FindAsync(major, ct).ConfigureAwait(false);
        var tried = new List<string>();
        foreach (IInstallRoute route in found is null && allowInstall ? routes : [])
        {
            Log.Installing(logger, route.Name);
            string? fault = await route.InstallAsync(ct).ConfigureAwait(false);
            if (fault is null)
            {
                HasInstalled = true;
                (found, passedOver) = await locator.FindAsync(major, ct).ConfigureAwait(false);
                fault = "what it installed cannot be used here";
            }

            if (found is not null)
            {
                break;
            }

            Log.InstallFailed(logger, route.Name, fault);
            tried.Add($"{route.Name}: {fault}");
        }

        return found ?? throw NotFound(major, allowInstall, passedOver, tried);
    }

    private LocalPostgresException NotFound(int? major, bool allowInstall, IReadOnlyList<string> passedOver, List<string> tried)
    {
        string release = layout.System == HostSystem.Linux && File.Exists("/etc/os-release") ? File.ReadAllText("/etc/os-release") : "";
        string wanted = major is null ? $"{LocalPostgres.OldestSupportedMajor} or newer" : $"{major} (the version of the existing cluster)";
        string[] parts =
        [
            $"No PostgreSQL {wanted} was found on PATH, in the usual install folders or in '{layout.Cache}'.",
            $"Install it ({InstallAdvice.For(layout.System, release)}), or name the folder of its programs in {LocalPostgresOptions.BinDirectoryVariable}, "
                + "or point DATABASE_URL at a server that runs already.",
            passedOver.Count > 0 ? $"Passed over: {string.Join("; ", passedOver)}." : "",
            tried.Count > 0 ? $"Tried to install: {string.Join("; ", tried)}." : "",
            allowInstall ? "" : "Installing was not allowed (AllowInstall is false).",
        ];
        return new LocalPostgresException(LocalPostgresErrors.BinariesNotFound, string.Join(' ', parts.Where(part => part.Length > 0)));
    }

    private static async Task<int?> ReadMajorAsync(ServerAccount account, string folder, CancellationToken ct)
    {
        // As the account that will run it: a folder below root's home is of no use.
        IReadOnlyList<string> command = account.Command(ServerBinaries.Program(folder, "postgres"), "--version");
        CommandResult result = await ProcessRunner.RunAsync(command, VersionLimit, ct: ct).ConfigureAwait(false);
        return result.Succeeded ? ServerVersion.ParseMajor(result.Output) : null;
    }
}
