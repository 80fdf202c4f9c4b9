using System.CommandLine;

namespace PgConductor.Cli.Commands;

/// <summary>The options that every command has.</summary>
internal sealed class GlobalOptions
{
    public const string DefaultDirectory = ".pgconductor";

    public Option<string?> Connection { get; } = new("--connection")
    {
        Description = "The database: an Npgsql connection string or a postgres:// URL. Else the config file's \"connection\", else DATABASE_URL, else the embedded server of --directory.",
        HelpName = "STRING",
        Recursive = true,
    };

    public Option<string?> Config { get; } = new("--config")
    {
        Description = "A config file (docs/reference/cli.md); commands that run no tasks take only its \"connection\".",
        HelpName = "FILE",
        Recursive = true,
    };

    public Option<string> Directory { get; } = new("--directory")
    {
        Description = "The folder of the embedded server, which dev and worker start.",
        HelpName = "DIR",
        Recursive = true,
        DefaultValueFactory = _ => DefaultDirectory,
    };

    public Option<bool> Json { get; } = new("--json")
    {
        Description = "Results as JSON: one object a line.",
        Recursive = true,
    };
}
