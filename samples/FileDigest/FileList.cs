namespace FileDigest;

/// <summary>The files of the demo.</summary>
internal static class FileList
{
    private const int Enough = 2_000;

    // The first that has thousands of files; every Linux machine has one of these.
    private static readonly string[] _defaults = ["/usr/share/doc", "/usr/share/man", "/usr/share", "/usr/lib"];

    /// <summary>A folder with enough files to be interesting.</summary>
    public static string DefaultFolder() =>
        _defaults.FirstOrDefault(folder => Directory.Exists(folder) && Enumerate(folder).Take(Enough).Count() == Enough)
            ?? throw new DirectoryNotFoundException("No folder with thousands of files was found: name one, ./demo DIR.");

    /// <summary>Regular, readable files below a folder; links are not followed.</summary>
    public static string[] Below(string folder) => [.. Enumerate(folder).Where(IsReadable).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Enumerate(string folder) =>
        Directory.EnumerateFiles(Path.GetFullPath(folder), "*", new EnumerationOptions
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = true,
            AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Device,
        });

    private static bool IsReadable(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
