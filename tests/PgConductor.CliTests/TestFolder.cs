using Xunit;

namespace PgConductor.CliTests;

/// <summary>A folder of a test's own, removed at the end.</summary>
internal sealed class TestFolder : IDisposable
{
    public TestFolder()
    {
        // The account of a local server may pass through.
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Root, File.GetUnixFileMode(Root) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        }
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("pgconductor-cli-").FullName;

    public string Write(string name, string text)
    {
        var path = Path.Combine(Root, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>A shell script that can be run.</summary>
    public string Script(string name, string body)
    {
        var path = Write(name, $"#!/bin/sh\n{body}\n");
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A shell script.");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }

    public string Read(string name) => File.ReadAllText(Path.Combine(Root, name)).Trim();

    public bool Has(string name) => File.Exists(Path.Combine(Root, name)) && Read(name).Length > 0;

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
