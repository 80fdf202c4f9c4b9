using System.Security.Cryptography;
using System.Text;

namespace PgConductor.RepositoryTests.Sql;

/// <summary>Says what is wrong with migrations that a release has frozen.</summary>
/// <remarks>
/// A tag v* is a release. Its migrations are in migrations.sha256, and are never changed again: databases have applied
/// them. Until then a migration may change.
/// </remarks>
internal static class FrozenMigrations
{
    /// <param name="list">The text of migrations.sha256: "checksum  name" a line, as sha256sum writes it; lines with # are comments.</param>
    /// <param name="current">The migrations as they are: name to text.</param>
    /// <param name="released">The migrations as they were at each tag.</param>
    public static IEnumerable<string> FindFaults(string list, IReadOnlyDictionary<string, string> current, IEnumerable<(string Tag, string Name, string Text)> released)
    {
        var frozen = Parse(list);
        foreach (var (name, checksum) in frozen)
        {
            if (!current.TryGetValue(name, out var text))
            {
                yield return $"{name} was released and is gone: put it back";
            }
            else if (Checksum(text) != checksum)
            {
                yield return $"{name} was released and is changed: put its text back and add a new migration";
            }
        }

        foreach (var (tag, name, text) in released)
        {
            if (!frozen.TryGetValue(name, out var checksum))
            {
                yield return $"{tag} released {name}: add \"{Checksum(text)}  {name}\" to migrations.sha256";
            }
            else if (checksum != Checksum(text))
            {
                yield return $"{tag} released {name} with checksum {Checksum(text)}, and migrations.sha256 has {checksum}";
            }
        }
    }

    public static string Checksum(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static Dictionary<string, string> Parse(string list) =>
        list.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith('#'))
            .Select(line => line.Split("  ", 2))
            .ToDictionary(parts => parts[1], parts => parts[0], StringComparer.Ordinal);
}
