using System.Text.RegularExpressions;
using PgConductor.Postgres.Processes;

namespace PgConductor.Postgres.Binaries;

/// <summary>Installs the server package of Debian and its kin, as root and without questions.</summary>
internal sealed partial class AptRoute : IInstallRoute
{
    private const string Package = "postgresql";

    // The folder that postgresql-common reads beside its own configuration. The package would otherwise create and start
    // a cluster of its own on the standard port.
    private const string ConfigurationFolder = "/etc/postgresql-common/createcluster.d";
    private static readonly string ConfigurationFile = Path.Combine(ConfigurationFolder, "pgconductor.conf");

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private static readonly Dictionary<string, string> Quiet = new(StringComparer.Ordinal) { ["DEBIAN_FRONTEND"] = "noninteractive", ["LC_ALL"] = "C" };

    public string Name => "apt-get";

    public async Task<string?> InstallAsync(CancellationToken ct)
    {
        if (SystemPath.Find("apt-get") is not { } apt || SystemPath.Find("apt-cache") is not { } cache)
        {
            return "it is not on this machine";
        }

        if (!Environment.IsPrivilegedProcess)
        {
            return "it needs root";
        }

        // Lists may be missing in a fresh container. An update that fails is told apart by what the install says.
        await RunAsync([apt, "-qq", "-o", "DPkg::Lock::Timeout=120", "update"], ct).ConfigureAwait(false);
        CommandResult offered = await RunAsync([cache, "show", "--no-all-versions", Package], ct).ConfigureAwait(false);
        Match version = Version().Match(offered.Output);
        if (!version.Success)
        {
            return $"it offers no package '{Package}'";
        }

        if (!int.TryParse(version.Groups["major"].ValueSpan, out int major) || major < LocalPostgres.OldestSupportedMajor)
        {
            return $"it offers PostgreSQL {version.Groups["major"].Value}, and {LocalPostgres.OldestSupportedMajor} or newer is needed";
        }

        CommandResult installed = await WithoutDefaultClusterAsync(() =>
                RunAsync(
                    [apt, "-qq", "-y", "-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Options::=--force-confold", "--no-install-recommends", "install", Package],
                    ct
                )
            )
            .ConfigureAwait(false);
        return installed.Succeeded ? null : $"the install of '{Package}' failed: {installed.Tail(5)}";
    }

    private static async Task<CommandResult> WithoutDefaultClusterAsync(Func<Task<CommandResult>> install)
    {
        bool folderIsOurs = !Directory.Exists(ConfigurationFolder);
        Directory.CreateDirectory(ConfigurationFolder);
        await File.WriteAllTextAsync(ConfigurationFile, "create_main_cluster = false\n", CancellationToken.None).ConfigureAwait(false);
        try
        {
            return await install().ConfigureAwait(false);
        }
        finally
        {
            File.Delete(ConfigurationFile);
            if (folderIsOurs && !Directory.EnumerateFileSystemEntries(ConfigurationFolder).Any())
            {
                Directory.Delete(ConfigurationFolder);
            }
        }
    }

    private static Task<CommandResult> RunAsync(string[] command, CancellationToken ct) => ProcessRunner.RunAsync(command, Limit, Quiet, ct);

    // "Version: 15+248+deb12u1": the major version, then that of the packaging.
    [GeneratedRegex(@"^Version: ([0-9]+:)?(?<major>[0-9]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Version();
}
