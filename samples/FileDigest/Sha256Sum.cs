using System.Diagnostics;
using System.Text;

namespace FileDigest;

/// <summary>The same digests by another program: sha256sum.</summary>
internal static class Sha256Sum
{
    private const int FilesACall = 500;

    /// <summary>Digest by path; a file that sha256sum could not read is missing.</summary>
    public static async Task<Dictionary<string, string>> OfAsync(IEnumerable<string> paths)
    {
        var digests = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var chunk in paths.Chunk(FilesACall))
        {
            var start = new ProcessStartInfo("sha256sum") { RedirectStandardOutput = true, StandardOutputEncoding = Encoding.UTF8 };

            // Zero-terminated lines leave names with newlines and backslashes as they are.
            start.ArgumentList.Add("--zero");
            start.ArgumentList.Add("--");
            foreach (var path in chunk)
            {
                start.ArgumentList.Add(path);
            }

            using var process = Process.Start(start)!;
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            foreach (var line in output.Split('\0', StringSplitOptions.RemoveEmptyEntries))
            {
                digests[line[66..]] = line[..64];
            }
        }

        return digests;
    }
}
