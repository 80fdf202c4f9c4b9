namespace PgConductor.Postgres.Binaries;

/// <summary>The programs of one PostgreSQL installation.</summary>
/// <param name="Directory">The folder that holds them.</param>
/// <param name="MajorVersion">Their major version.</param>
internal sealed record ServerBinaries(string Directory, int MajorVersion)
{
    /// <summary>The programs that a folder must hold to be of use.</summary>
    public static readonly IReadOnlyList<string> Needed = ["initdb", "pg_ctl", "postgres"];

    public string Initdb => Program(Directory, "initdb");

    public string Control => Program(Directory, "pg_ctl");

    public string Server => Program(Directory, "postgres");

    public static string Program(string directory, string name) => Path.Combine(directory, OperatingSystem.IsWindows() ? name + ".exe" : name);
}
