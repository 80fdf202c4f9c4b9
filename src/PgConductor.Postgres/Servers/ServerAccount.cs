using PgConductor.Postgres.Processes;

namespace PgConductor.Postgres.Servers;

/// <summary>The account that the server programs run as: the caller's own, or an unprivileged one when the caller is root.</summary>
internal sealed class ServerAccount
{
    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(30);
    private static readonly string[] Names = ["postgres", "_postgres", "nobody"];

    private readonly IReadOnlyList<string> _prefix;
    private readonly string? _owner;

    private ServerAccount(IReadOnlyList<string> prefix, string? owner)
    {
        _prefix = prefix;
        _owner = owner;
    }

    /// <summary>Whether the server runs as another account than the caller's.</summary>
    public bool IsOther => _owner is not null;

    /// <summary>Finds an account, and a way to run commands as it that was seen to work.</summary>
    /// <param name="data">The data folder; when it exists already, its owner is the account.</param>
    /// <param name="ct">Ends the search.</param>
    /// <exception cref="LocalPostgresException">The caller is root and there is none (no-unprivileged-account).</exception>
    public static async Task<ServerAccount> ResolveAsync(string? data, CancellationToken ct)
    {
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
        {
            return new ServerAccount([], null);
        }

        var tried = new List<string>();
        string? owner = await OwnerOfAsync(data, ct).ConfigureAwait(false);
        foreach (string name in owner is null ? Names : [owner])
        {
            string uid = (await RunAsync(["id", "-u", name], ct).ConfigureAwait(false)).Output.Trim();
            string gid = (await RunAsync(["id", "-g", name], ct).ConfigureAwait(false)).Output.Trim();
            if (uid.Length == 0 || gid.Length == 0 || uid == "0")
            {
                continue;
            }

            foreach (string[] prefix in Prefixes(name, uid, gid))
            {
                CommandResult answer = await RunAsync([.. prefix, "id", "-u"], ct).ConfigureAwait(false);
                if (answer.Succeeded && answer.Output.Trim() == uid)
                {
                    return new ServerAccount(prefix, $"{uid}:{gid}");
                }

                tried.Add($"{Path.GetFileName(prefix[0])} to {name}: {answer.Tail(1)}");
            }
        }

        throw new LocalPostgresException(
            LocalPostgresErrors.NoUnprivilegedAccount,
            "PostgreSQL does not run as root, and no account to run it as could be used. Run this program as an ordinary user, or "
                + "create an account named 'postgres' (useradd --system postgres) and have setpriv, runuser, su or sudo installed. "
                + (tried.Count == 0 ? $"None of the accounts {string.Join(", ", Names)} exists." : $"Tried: {string.Join("; ", tried)}.")
        );
    }

    /// <summary>The words that run a command as this account.</summary>
    public IReadOnlyList<string> Command(params IReadOnlyList<string> words) => [.. _prefix, .. words];

    /// <summary>Gives a file or folder made by the caller to this account.</summary>
    public async Task GiveAsync(string path, CancellationToken ct)
    {
        if (_owner is null)
        {
            return;
        }

        CommandResult result = await RunAsync(["chown", "-h", _owner, path], ct).ConfigureAwait(false);
        if (!result.Succeeded)
        {
            throw new LocalPostgresException(
                LocalPostgresErrors.DirectoryNotAccessible,
                $"'{path}' cannot be given to the account that runs the server ({_owner}): {result.Tail(2)}. Choose a folder on a local file system."
            );
        }
    }

    /// <summary>Whether this account can reach and enter a folder: every folder above it must let it through.</summary>
    public async Task<bool> CanEnterAsync(string folder, CancellationToken ct) =>
        _owner is null || (await RunAsync(Command("test", "-x", folder), ct).ConfigureAwait(false)).Succeeded;

    // The server insists that its data folder belongs to the account it runs as.
    private static async Task<string?> OwnerOfAsync(string? data, CancellationToken ct)
    {
        if (data is null || !Directory.Exists(data))
        {
            return null;
        }

        // "drwx------ 19 101 104 4096 ...": the one way to see an owner that every Unix has.
        CommandResult listed = await RunAsync(["ls", "-ldn", data], ct).ConfigureAwait(false);
        string[] fields = listed.Output.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (!listed.Succeeded || fields.Length < 3 || fields[2] == "0")
        {
            return null;
        }

        return (await RunAsync(["id", "-nu", fields[2]], ct).ConfigureAwait(false)).Output.Trim() is { Length: > 0 } name ? name : null;
    }

    // setpriv replaces itself with the command; the others stay as its parent. su hands everything after "--" and the
    // name to the shell as words, so that nothing needs quoting.
    private static IEnumerable<string[]> Prefixes(string name, string uid, string gid)
    {
        (string Program, string[] Words)[] ways =
        [
            ("setpriv", [$"--reuid={uid}", $"--regid={gid}", "--clear-groups"]),
            ("runuser", ["-u", name, "--"]),
            ("su", ["-s", "/bin/sh", "-c", "exec \"$0\" \"$@\"", "--", name]),
            ("sudo", ["-n", "-u", name, "--"]),
        ];
        return ways.Select(way => (Path: SystemPath.Find(way.Program), way.Words))
            .Where(way => way.Path is not null)
            .Select(way => new[] { way.Path! }.Concat(way.Words).ToArray());
    }

    private static Task<CommandResult> RunAsync(IReadOnlyList<string> command, CancellationToken ct) =>
        ProcessRunner.RunAsync(command, CommandLimit, ct: ct);
}
