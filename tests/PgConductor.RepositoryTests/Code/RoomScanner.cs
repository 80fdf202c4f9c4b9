using System.Text.RegularExpressions;
using PgConductor.RepositoryTests.Support;

namespace PgConductor.RepositoryTests.Code;

/// <summary>Finds arrows between the rooms (folders) of the engine that do not point down.</summary>
/// <remarks>Sees using directives and names qualified with a room; comments do not count.</remarks>
internal static partial class RoomScanner
{
    private const string Engine = "src/PgConductor/";
    private const string Root = "";

    /// <summary>What each room may use, besides the contracts in the root.</summary>
    private static readonly Dictionary<string, string[]> _allowed = new(StringComparer.Ordinal)
    {
        [Root] = [],
        ["Serialization"] = [],
        ["Schedules"] = [],
        ["Database"] = ["Client", "Schedules", "Schema", "Serialization"],
        ["Schema"] = ["Database"],
        ["Diagnostics"] = ["Database"],
        ["Client"] = ["Database", "Schedules", "Schema", "Serialization", "Diagnostics"],
        ["Steps"] = ["Client", "Database", "Serialization", "Diagnostics"],
        ["Workers"] = ["Client", "Database", "Serialization", "Diagnostics", "Steps"],
        ["Orchestration"] = ["Client", "Database", "Schedules", "Schema", "Serialization", "Workers", "Steps", "Diagnostics"],
    };

    /// <summary>Single files that may use a room which theirs may not, each with its reason.</summary>
    private static readonly Dictionary<(string File, string Room), string> _exceptions = new()
    {
        [("src/PgConductor/TaskContext.cs", "Client")] = "a handler gets the client to invoke further tasks",
        [("src/PgConductor/BatchContext.cs", "Client")] = "a handler gets the client to invoke further tasks",
        [("src/PgConductor/TaskCollection.cs", "Schedules")] = "the public list of tasks holds the declared schedules",
        [("src/PgConductor/TaskContext.cs", "Steps")] = "what a handler calls is done by the flow of its execution",
        [("src/PgConductor/TaskCollection.cs", "Workers")] = "the public list of tasks holds the workers' internal registrations",
    };

    /// <summary>Packages of a room are checked too: only these may know the driver.</summary>
    private static readonly string[] _knowNpgsql = ["Client", "Database", "Schema", "Steps"];

    private static readonly Dictionary<string, string> _knowNpgsqlByException = new(StringComparer.Ordinal)
    {
        ["src/PgConductor/TaskContext.cs"] = "a step's transaction is the driver's",
        ["src/PgConductor/ConductorOptions.cs"] = "checks the connection string as the driver reads it",
    };

    public static IEnumerable<string> FindFaults(IEnumerable<SourceFile> files) => files.SelectMany(FindFaults);

    private static IEnumerable<string> FindFaults(SourceFile file)
    {
        var text = Comment().Replace(file.Text, "");
        if (!file.Path.StartsWith(Engine, StringComparison.Ordinal))
        {
            if (NpgsqlUse().IsMatch(text))
            {
                yield return $"{file.Path} uses Npgsql: only the engine's Database, Client and Schema do";
            }

            yield break;
        }

        var inside = file.Path[Engine.Length..];
        var room = inside.Contains('/', StringComparison.Ordinal) ? inside[..inside.IndexOf('/', StringComparison.Ordinal)] : Root;
        if (!_allowed.TryGetValue(room, out var allowed))
        {
            yield return $"{file.Path} is in a room without a rule: add {room} to RoomScanner";
            yield break;
        }

        foreach (var used in RoomUse().Matches(text).Select(match => match.Groups["room"].Value).Distinct())
        {
            if (used != room && !allowed.Contains(used) && !_exceptions.ContainsKey((file.Path, used)))
            {
                yield return $"{file.Path} uses {used}, which {(room.Length == 0 ? "the root" : room)} may not";
            }
        }

        if (NpgsqlUse().IsMatch(text) && !_knowNpgsql.Contains(room) && !_knowNpgsqlByException.ContainsKey(file.Path))
        {
            yield return $"{file.Path} uses Npgsql, which only {string.Join(", ", _knowNpgsql)} do";
        }
    }

    [GeneratedRegex(@"//[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?:\bPgConductor\.|(?<![\w.])(?=(?:Serialization|Schedules|Schema|Diagnostics|Client|Steps|Workers|Orchestration)\.[A-Z]))(?<room>Serialization|Schedules|Database|Schema|Diagnostics|Client|Steps|Workers|Orchestration)\b")]
    private static partial Regex RoomUse();

    [GeneratedRegex(@"\busing (static )?Npgsql|\bNpgsql\.Npgsql|\bNpgsqlTypes\.")]
    private static partial Regex NpgsqlUse();
}
