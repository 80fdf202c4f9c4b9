using System.CommandLine;
using System.Globalization;

namespace PgConductor.Cli.Commands;

/// <summary>All commands.</summary>
internal static class CommandTree
{
    public static RootCommand Build(GlobalOptions globals, CliEnvironment environment)
    {
        var exitCodes = string.Join("\n", ExitCodes.All.Select(code => string.Create(CultureInfo.InvariantCulture, $"  {code.Code,3}  {code.Meaning}")));
        var root = new RootCommand($"Durable execution on nothing but PostgreSQL: run tasks, enqueue executions, see and steer them.\n\nExit codes:\n{exitCodes}")
        {
            globals.Connection,
            globals.Config,
            globals.Directory,
            globals.Json,
        };

        root.HelpName = "pgconductor";

        // A first argument in brackets is an argument.
        root.Directives.Clear();
        CommandContext Context(ParseResult parsed) => new(environment, parsed, globals);
        root.Add(DevCommand.Build(Context));
        root.Add(MigrateCommand.Build(Context));
        root.Add(WorkerCommand.Build(Context));
        root.Add(InvokeCommand.Build(Context));
        root.Add(ExecutionCommands.Build(Context));
        root.Add(QueueCommands.Build(Context));
        root.Add(TaskCommands.Build(Context));
        root.Add(ScheduleCommands.Build(Context));
        root.Add(OrchestratorCommands.Build(Context));
        root.Add(DoctorCommand.Build(Context));
        return root;
    }

    /// <summary>A command as it is typed: "pgconductor executions list".</summary>
    public static string NameOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{NameOf(parent)} {command.Name}" : "pgconductor";
}
