using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace PgConductor.Schema;

/// <summary>The migrations and scripts of this library, in the order in which they are applied.</summary>
internal sealed partial class MigrationStore
{
    private const string MigrationsFolder = "sql/migrations/";
    private const string FunctionsFolder = "sql/functions/";
    private const string WiringFolder = "sql/wiring/";
    private const string PermissionsFile = "sql/permissions.sql";
    private const string BreakingMarker = "--! breaking";

    private MigrationStore(IReadOnlyList<Migration> migrations, IReadOnlyList<SchemaScript> scripts, string? permissions)
    {
        Migrations = migrations;
        Scripts = scripts;
        Permissions = permissions;
    }

    /// <summary>What is embedded in this assembly.</summary>
    public static MigrationStore Embedded { get; } = Load(ReadEmbedded());

    /// <summary>By version, from 1, without gaps.</summary>
    public IReadOnlyList<Migration> Migrations { get; }

    /// <summary>Functions by path, then wiring by path.</summary>
    public IReadOnlyList<SchemaScript> Scripts { get; }

    /// <summary>The rights of the roles, to be granted within somebody's transaction; null: there is no such file.</summary>
    public string? Permissions { get; }

    public int LatestVersion => Migrations.Count == 0 ? 0 : Migrations[^1].Version;

    /// <summary>Reads files by path.</summary>
    /// <exception cref="InvalidOperationException">A name that is not NNNN_name.sql, a version twice, or a gap.</exception>
    public static MigrationStore Load(IEnumerable<KeyValuePair<string, string>> files)
    {
        var migrations = new List<Migration>();
        var functions = new List<SchemaScript>();
        var wiring = new List<SchemaScript>();
        string? permissions = null;
        foreach (var (path, sql) in files)
        {
            if (path.StartsWith(MigrationsFolder, StringComparison.Ordinal))
            {
                migrations.Add(ParseMigration(path, sql));
            }
            else if (path.StartsWith(FunctionsFolder, StringComparison.Ordinal))
            {
                functions.Add(new SchemaScript(path, sql, Checksum(sql)));
            }
            else if (path.StartsWith(WiringFolder, StringComparison.Ordinal))
            {
                wiring.Add(new SchemaScript(path, sql, Checksum(sql)));
            }
            else if (path == PermissionsFile)
            {
                permissions = TransactionOfItsOwn().Replace(sql, "");
            }
        }

        migrations.Sort((left, right) => left.Version.CompareTo(right.Version));
        for (var i = 0; i < migrations.Count; i++)
        {
            if (migrations[i].Version != i + 1)
            {
                throw new InvalidOperationException($"The migrations are not numbered 1, 2, 3 …: at place {i + 1} there is {migrations[i].Version:0000}_{migrations[i].Name}.");
            }
        }

        functions.Sort(ByPath);
        wiring.Sort(ByPath);
        return new MigrationStore(migrations, [.. functions, .. wiring], permissions);

        static int ByPath(SchemaScript left, SchemaScript right) => string.CompareOrdinal(left.Path, right.Path);
    }

    private static Migration ParseMigration(string path, string sql)
    {
        var match = MigrationName().Match(path[MigrationsFolder.Length..]);
        return match.Success
            ? new Migration(
                int.Parse(match.Groups["version"].ValueSpan, CultureInfo.InvariantCulture),
                match.Groups["name"].Value,
                sql,
                Checksum(sql),
                sql.StartsWith(BreakingMarker, StringComparison.Ordinal))
            : throw new InvalidOperationException($"\"{path}\" is not a migration's name: NNNN_name.sql is.");
    }

    private static string Checksum(string sql) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));

    private static IEnumerable<KeyValuePair<string, string>> ReadEmbedded()
    {
        var assembly = typeof(MigrationStore).Assembly;
        foreach (var name in assembly.GetManifestResourceNames())
        {
            // Built on Windows, the names have its separators.
            var path = name.Replace('\\', '/');
            if (path.StartsWith("sql/", StringComparison.Ordinal))
            {
                yield return new(path, ReadResource(assembly, name));
            }
        }
    }

    private static string ReadResource(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    [GeneratedRegex("^(?<version>[0-9]{4})_(?<name>[a-z0-9_]+)\\.sql\\z", RegexOptions.ExplicitCapture)]
    private static partial Regex MigrationName();

    /// <summary>For psql; PL/pgSQL's begin has no semicolon.</summary>
    [GeneratedRegex("^(begin|commit);\n", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex TransactionOfItsOwn();
}
