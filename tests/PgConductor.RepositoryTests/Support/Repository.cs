using System.Diagnostics;

namespace PgConductor.RepositoryTests.Support;

/// <summary>The files of the repository as git knows them, new ones included and ignored ones left out.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<string> Files { get; } =
        [.. Git("ls-files", "--cached", "--others", "--exclude-standard").Where(path => File.Exists(Full(path))).Distinct().Order(StringComparer.Ordinal)];

    public static string Full(string path) => Path.Combine(Root, path);

    public static string Read(string path) => File.ReadAllText(Full(path)).ReplaceLineEndings("\n");

    /// <summary>Files whose path starts so and ends so, with their text.</summary>
    public static IEnumerable<SourceFile> Sources(string prefix, string suffix) =>
        Files.Where(path => path.StartsWith(prefix, StringComparison.Ordinal) && path.EndsWith(suffix, StringComparison.Ordinal))
            .Select(path => new SourceFile(path, Read(path)));

    public static IReadOnlyList<string> Git(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = Root, RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            : throw new InvalidOperationException($"git {string.Join(' ', arguments)} failed with exit code {process.ExitCode}.");
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "PgConductor.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"There is no PgConductor.slnx above {AppContext.BaseDirectory}.");
    }
}

/// <summary>One file; the path is relative to the root, with slashes.</summary>
internal sealed record SourceFile(string Path, string Text);
