namespace PgConductor.IntegrationTests.Postgres;

/// <summary>A folder for one test that the server's account can enter, removed at the end.</summary>
internal sealed class TestFolder : IDisposable
{
    public TestFolder(string name = "test")
    {
        Root = Path.Combine("/tmp", $"pgconductor-integration-{Guid.NewGuid():n}", name);
        Directory.CreateDirectory(Root);
        if (!OperatingSystem.IsWindows())
        {
            const UnixFileMode passage =
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
            File.SetUnixFileMode(Root, passage);
            File.SetUnixFileMode(Path.GetDirectoryName(Root)!, passage);
        }
    }

    public string Root { get; }

    public string At(string path) => Path.Combine(Root, path);

    /// <summary>The temporary cluster folders below this one.</summary>
    public string[] Clusters => Directory.GetDirectories(Root, "pgconductor-postgres-*");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(Root)!, recursive: true);
}
