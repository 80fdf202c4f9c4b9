namespace PgConductor.Postgres.Binaries;

/// <summary>Says how PostgreSQL is installed on a kind of system.</summary>
internal static class InstallAdvice
{
    /// <summary>The command to give a user.</summary>
    /// <param name="system">The kind of operating system.</param>
    /// <param name="osRelease">On Linux, the text of /etc/os-release; empty when there is none.</param>
    public static string For(HostSystem system, string osRelease) =>
        system switch
        {
            HostSystem.MacOS => "brew install postgresql@17",
            HostSystem.Windows => "winget install PostgreSQL.PostgreSQL.17",
            _ => ForLinux([.. Distributions(osRelease)]),
        };

    private static string ForLinux(HashSet<string> names) =>
        names.Overlaps(["debian", "ubuntu"]) ? "sudo apt-get install postgresql"
        : names.Overlaps(["fedora", "rhel", "centos"]) ? "sudo dnf install postgresql-server postgresql-contrib"
        : names.Overlaps(["suse", "opensuse"]) ? "sudo zypper install postgresql-server postgresql-contrib"
        : names.Contains("alpine") ? "apk add postgresql postgresql-contrib"
        : names.Contains("arch") ? "sudo pacman -S postgresql"
        : "the PostgreSQL server package of your distribution";

    // ID=linuxmint and ID_LIKE="ubuntu debian": the name of a distribution, then those it descends from.
    private static IEnumerable<string> Distributions(string osRelease) =>
        osRelease
            .Split('\n')
            .Where(line => line.StartsWith("ID=", StringComparison.Ordinal) || line.StartsWith("ID_LIKE=", StringComparison.Ordinal))
            .SelectMany(line => line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim().Trim('"', '\'').Split(' '));
}
