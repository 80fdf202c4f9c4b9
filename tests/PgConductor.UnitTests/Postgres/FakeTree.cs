using PgConductor.Postgres.Binaries;

namespace PgConductor.UnitTests.Postgres;

/// <summary>A folder tree with empty server programs in it, removed at the end of a test.</summary>
public sealed class FakeTree : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("pgconductor-unit-").FullName;

    public string Cache => At("cache");

    public string At(string path) => Path.Combine(Root, path);

    /// <summary>Puts server programs into a folder and returns its path.</summary>
    public string Programs(string path, params string[] without)
    {
        string folder = Directory.CreateDirectory(At(path)).FullName;
        foreach (string name in ServerBinaries.Needed.Except(without, StringComparer.Ordinal))
        {
            File.WriteAllText(ServerBinaries.Program(folder, name), "");
        }

        return folder;
    }

    internal HostLayout Layout(HostSystem system = HostSystem.Linux, params (string Name, string Value)[] variables) =>
        new(system, Root, Cache, name => variables.FirstOrDefault(variable => variable.Name == name).Value);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
