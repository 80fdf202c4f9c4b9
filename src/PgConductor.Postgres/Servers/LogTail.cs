using System.Text;

namespace PgConductor.Postgres.Servers;

/// <summary>Reads the end of a log for an error message.</summary>
internal static class LogTail
{
    private const int MaxBytes = 8 * 1024;

    /// <summary>The last lines of a file, or a note that there are none.</summary>
    public static string Read(string path, int lines = 30)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Seek(-Math.Min(MaxBytes, file.Length), SeekOrigin.End);
            using var reader = new StreamReader(file, Encoding.UTF8);
            string[] all = reader.ReadToEnd().TrimEnd().Split('\n');
            string tail = string.Join('\n', all.Skip(Math.Max(0, all.Length - lines)));
            return tail.Length == 0 ? "(the log is empty)" : tail;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"(no log: {e.Message})";
        }
    }
}
