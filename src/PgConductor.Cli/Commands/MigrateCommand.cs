using System.CommandLine;

namespace PgConductor.Cli.Commands;

/// <summary>pgconductor migrate.</summary>
internal static class MigrateCommand
{
    public static Command Build(Func<ParseResult, CommandContext> context)
    {
        var command = new Command("migrate", "Installs or upgrades the schema; safe from many processes at once.");
        command.SetAction(async (parsed, cancellationToken) => await RunAsync(context(parsed), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var before = await database.Conductor.GetDatabaseInfoAsync(cancellationToken);
        var version = await database.Conductor.MigrateAsync(cancellationToken);
        var text = before.IsUpToDate ? $"The schema is at version {version} already." : $"The schema is at version {version} now (was: {(before.SchemaVersion is { } old ? $"{old}" : "not installed")}).";
        context.Output.Write(new { SchemaVersion = version, PreviousVersion = before.SchemaVersion, Changed = !before.IsUpToDate }, text);
        return ExitCodes.Ok;
    }
}
