using System.Runtime.InteropServices;

namespace PgConductor.Postgres.Binaries;

/// <summary>The kinds of operating system that differ in where PostgreSQL is installed.</summary>
internal enum HostSystem
{
    Linux,
    MacOS,
    Windows,
}

/// <summary>Where the search for server programs looks; tests give it a folder tree of their own.</summary>
/// <param name="System">The kind of operating system.</param>
/// <param name="Root">The root of the file system, or of the program files on Windows.</param>
/// <param name="Cache">The folder of earlier downloads.</param>
/// <param name="Variable">Reads an environment variable.</param>
internal sealed record HostLayout(HostSystem System, string Root, string Cache, Func<string, string?> Variable)
{
    public static HostLayout OfThisMachine()
    {
        HostSystem system =
            OperatingSystem.IsWindows() ? HostSystem.Windows
            : OperatingSystem.IsMacOS() ? HostSystem.MacOS
            : HostSystem.Linux;
        string root = OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles) : "/";
        return new HostLayout(system, root, CacheFolder(), Environment.GetEnvironmentVariable);
    }

    /// <summary>The name of the npm package for this machine, without its scope; null when there is none.</summary>
    public static string? NpmPlatform
    {
        get
        {
            string? system =
                OperatingSystem.IsLinux() ? "linux"
                : OperatingSystem.IsMacOS() ? "darwin"
                : OperatingSystem.IsWindows() ? "windows"
                : null;
            string? architecture = RuntimeInformation.OSArchitecture switch
            {
                Architecture.X64 => "x64",
                Architecture.Arm64 => "arm64",
                Architecture.X86 => "ia32",
                Architecture.Arm or Architecture.Armv6 => "arm",
                Architecture.Ppc64le => "ppc64",
                _ => null,
            };
            return system is null || architecture is null ? null : $"{system}-{architecture}";
        }
    }

    // Root's home is closed to the account that runs the server, so root's downloads go where everyone can read.
    private static string CacheFolder()
    {
        if (!OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess)
        {
            return "/var/cache/pgconductor/postgres";
        }

        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache) || !Path.IsPathRooted(cache))
        {
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            cache =
                OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Caches")
                : Path.Combine(home, ".cache");
        }

        return Path.Combine(cache, "pgconductor", "postgres");
    }
}
