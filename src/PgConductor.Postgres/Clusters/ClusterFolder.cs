using System.Security.Cryptography;
using PgConductor.Postgres.Servers;

namespace PgConductor.Postgres.Clusters;

/// <summary>Where the files of one cluster are.</summary>
/// <remarks>
/// The folder itself belongs to the caller, who alone can make or replace files in it; only the data folder belongs
/// to the account that runs the server. So a caller who is root never writes to a path that another account controls.
/// </remarks>
internal sealed class ClusterFolder(string root, bool isTemporary)
{
    public const string TemporaryPrefix = "pgconductor-postgres-";

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Passage = Private | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    public string Root { get; } = root;

    public bool IsTemporary { get; } = isTemporary;

    public string Data => Path.Combine(Root, "data");

    /// <summary>A data folder in the making; it is renamed to <see cref="Data"/> when complete.</summary>
    public string NewData => Path.Combine(Root, "data.new");

    public string LockFile => Path.Combine(Root, "owner.lock");

    public string OwnerFile => Path.Combine(Root, "owner.json");

    public string PasswordFile => Path.Combine(Root, "password");

    public string InitPasswordFile => Path.Combine(Root, "password.initdb");

    public string ServerLog => Path.Combine(Root, "server.log");

    public string CommandLog => Path.Combine(Root, "command.log");

    public string SupervisorLog => Path.Combine(Root, "supervisor.log");

    /// <summary>The major version of the cluster; null when there is none yet.</summary>
    public int? MajorVersion
    {
        get
        {
            string file = Path.Combine(Data, "PG_VERSION");
            return File.Exists(file) && int.TryParse(File.ReadAllText(file).Trim(), out int major) ? major : null;
        }
    }

    /// <summary>Makes a new private folder below another one.</summary>
    public static ClusterFolder CreateTemporary(string parent)
    {
        string path = Path.Combine(parent, TemporaryPrefix + RandomNumberGenerator.GetHexString(12, lowercase: true));
        CreatePrivate(path);
        return new ClusterFolder(path, isTemporary: true);
    }

    /// <summary>Makes a folder that only its owner can enter.</summary>
    public static void CreatePrivate(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, Private);
        }
    }

    /// <summary>Lets the account that runs the server pass through to the data folder, without seeing what else is here.</summary>
    /// <returns>False when a folder further up keeps it out.</returns>
    public async Task<bool> IsReachableAsync(ServerAccount account, CancellationToken ct)
    {
        if (account.IsOther && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Root, Passage);
        }

        return await account.CanEnterAsync(Root, ct).ConfigureAwait(false);
    }

    /// <summary>Writes a file that only its owner can read, replacing what was there in one step.</summary>
    public static void WritePrivate(string path, string text)
    {
        string draft = path + ".new";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var writer = new StreamWriter(path: draft, options))
        {
            writer.Write(text);
        }

        File.Move(draft, path, overwrite: true);
    }

    /// <summary>Starts new logs; those of the last run are kept beside them.</summary>
    public void RotateLogs()
    {
        foreach (string log in new[] { ServerLog, CommandLog, SupervisorLog }.Where(File.Exists))
        {
            File.Move(log, log + ".1", overwrite: true);
        }
    }

    /// <summary>Removes the folder and everything in it; a folder that is gone already is fine.</summary>
    public void Delete()
    {
        try
        {
            Directory.Delete(Root, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // The supervisor, or another sweep, was faster.
            return;
        }
    }
}
