namespace PgConductor.Cli.Config;

/// <summary>Finds the program of a command task before it is needed.</summary>
internal static class ProgramPath
{
    /// <param name="name">With a slash: a path, relative to the config file's folder. Without: looked up on PATH.</param>
    /// <param name="folder">The config file's folder.</param>
    /// <param name="variable">Reads PATH.</param>
    /// <param name="fault">Why it was not found.</param>
    public static string? Find(string name, string folder, Func<string, string?> variable, out string? fault)
    {
        fault = null;
        if (name.Contains('/', StringComparison.Ordinal) || (OperatingSystem.IsWindows() && name.Contains('\\', StringComparison.Ordinal)))
        {
            var path = Path.GetFullPath(name, folder);
            fault = !File.Exists(path) ? $"there is no file \"{path}\" (paths are relative to the config file's folder)"
                : !IsExecutable(path) ? $"\"{path}\" is not executable; run chmod +x on it"
                : null;
            return fault is null ? path : null;
        }

        var extensions = OperatingSystem.IsWindows() ? new[] { "", ".exe", ".cmd", ".bat" } : [""];
        foreach (var directory in (variable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (var extension in extensions)
            {
                var path = Path.Combine(directory, name + extension);
                if (File.Exists(path) && IsExecutable(path))
                {
                    return path;
                }
            }
        }

        fault = $"there is no program \"{name}\" on PATH; for a file beside the config file give \"./{name}\"";
        return null;
    }

    private static bool IsExecutable(string path) =>
        OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != UnixFileMode.None;
}
