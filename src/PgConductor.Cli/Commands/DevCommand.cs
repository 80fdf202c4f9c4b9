using System.CommandLine;
using PgConductor.Cli.Connections;
using PgConductor.Cli.Tasks;

namespace PgConductor.Cli.Commands;

/// <summary>pgconductor dev.</summary>
internal static class DevCommand
{
    public static Command Build(Func<ParseResult, CommandContext> context)
    {
        var options = new WorkerOptionSet();
        var command = new Command("dev", "Starts the embedded PostgreSQL in --directory, installs the schema, and runs the built-in tasks, or those of --config, until Ctrl-C.");
        options.AddTo(command);
        command.SetAction((parsed, _) => RunAsync(context(parsed), options.Read(parsed, drain: false)));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, WorkerSettings settings)
    {
        var config = context.ReadConfig();
        await using var database = await context.OpenOrStartAsync(config);
        using var towerTasks = new TowerTasks(context.Environment.TimeProvider);
        var tasks = config is null ? towerTasks.MakeBuiltIns() : towerTasks.Make(config);
        var task = config?.Tasks[0].Key ?? "hello-task";
        return await new WorkerRun(context, settings).RunAsync(database, tasks, config?.Orchestrator ?? new OrchestratorOptions(), orchestrator =>
        {
            context.Output.WriteText(Welcome(database, task));
            WorkerCommand.Announce(context, orchestrator, new
            {
                Event = "ready",
                Orchestrator = orchestrator.Id,
                orchestrator.Queues,
                Tasks = tasks.Definitions.Select(definition => definition.Key),
                Database = database.Description,
                database.ConnectionString,
                database.Server?.DataDirectory,
            });
        });
    }

    private static string Welcome(CliDatabase database, string task)
    {
        // A connection the user named is known to the user, and its password is nobody's to print.
        var connection = database.Server is null ? database.Description : database.ConnectionString;
        var files = database.Server is { } server ? $"\n  files       {server.DataDirectory}" : "";
        var payload = task == "hello-task" ? " --payload '{\"msg\":\"world\"}'" : "";
        return $"""
            PgConductor runs.
              connection  {connection}{files}
            Try, in another terminal of this folder:
              pgconductor invoke {task}{payload} --wait
              pgconductor executions list
              pgconductor queues list
              pgconductor doctor
            Ctrl-C ends it{(database.Server is null ? "" : "; the data stay")}.

            """;
    }
}
