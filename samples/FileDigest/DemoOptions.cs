namespace FileDigest;

/// <summary>The command line: [DIR] [--once] [--connection C]; --worker is what the demo starts its workers with.</summary>
internal sealed record DemoOptions(string? Folder, bool Once, string? Connection, string? Worker)
{
    public const string Usage = """
        ./demo [DIR] [--once] [--connection CONNECTION]

        Digests every file below DIR in two worker processes, kills one half-way, and checks every result.
        DIR           default: a folder of this machine with thousands of files
        --once        end by itself, with exit code 0 only if every file has exactly one accepted, right result
        --connection  a PostgreSQL server; default: DATABASE_URL, else one of the demo's own
        """;

    /// <exception cref="ArgumentException">The message says what is wrong.</exception>
    public static DemoOptions Parse(string[] arguments)
    {
        var options = new DemoOptions(null, false, null, null);
        for (var i = 0; i < arguments.Length; i++)
        {
            options = arguments[i] switch
            {
                "--once" => options with { Once = true },
                "--connection" => options with { Connection = Value(arguments, ++i) },
                "--worker" => options with { Worker = Value(arguments, ++i) },
                ['-', ..] unknown => throw new ArgumentException($"There is no option {unknown}."),
                var folder when options.Folder is null => options with { Folder = folder },
                var second => throw new ArgumentException($"Give one folder, not also {second}."),
            };
        }

        return options;
    }

    private static string Value(string[] arguments, int index) =>
        index < arguments.Length ? arguments[index] : throw new ArgumentException($"{arguments[index - 1]} needs a value.");
}
