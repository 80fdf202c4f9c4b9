using System.CommandLine;
using PgConductor.Cli.Config;
using PgConductor.Cli.Connections;
using PgConductor.Cli.Output;

namespace PgConductor.Cli.Commands;

/// <summary>What every command works with.</summary>
internal sealed class CommandContext(CliEnvironment environment, ParseResult parsed, GlobalOptions globals)
{
    /// <summary>A person waits: a database that is away is reported soon.</summary>
    private static readonly TimeSpan _retryTimeout = TimeSpan.FromSeconds(5);

    public CliEnvironment Environment => environment;

    public CommandOutput Output { get; } = new(environment, parsed.GetValue(globals.Json));

    public string? ConfigFile => parsed.GetValue(globals.Config) is { } file ? Path.GetFullPath(file, environment.WorkingDirectory) : null;

    public TowerConfig? ReadConfig() => ConfigFile is { } file ? new TowerConfigReader(environment.Variable).ReadFile(file) : null;

    /// <summary>Opens the database of a command that only asks or tells.</summary>
    public Task<CliDatabase> OpenAsync(TimeSpan? retryTimeout = null) => Chooser(ReadConfig()).AttachAsync(retryTimeout ?? _retryTimeout, environment.Stop);

    /// <summary>Opens the database of a command that stays: the embedded server is started if there is no other.</summary>
    public Task<CliDatabase> OpenOrStartAsync(TowerConfig? config) => Chooser(config).StartAsync(environment.Stop);

    private DatabaseChooser Chooser(TowerConfig? config) => new(
        parsed.GetValue(globals.Connection),
        config?.Connection,
        environment.Variable,
        Path.GetFullPath(parsed.GetValue(globals.Directory)!, environment.WorkingDirectory));
}
