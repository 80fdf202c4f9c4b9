using System.CommandLine;
using PgConductor.Cli.Tasks;
using PgConductor.Orchestration;

namespace PgConductor.Cli.Commands;

/// <summary>pgconductor worker.</summary>
internal static class WorkerCommand
{
    public static Command Build(Func<ParseResult, CommandContext> context)
    {
        var options = new WorkerOptionSet();
        var drain = new Option<bool>("--drain") { Description = "Ends when nothing is due and nothing runs; what is due later is left." };
        var start = new Command("start", "Runs the tasks of a config file until it is told to stop (SIGTERM, SIGINT, or orchestrators stop).") { drain };
        options.AddTo(start);
        start.SetAction((parsed, _) => RunAsync(context(parsed), options.Read(parsed, parsed.GetValue(drain))));
        return new Command("worker", "Run tasks without writing C#.") { start };
    }

    /// <summary>The line that scripts wait for.</summary>
    public static void Announce(CommandContext context, Orchestrator orchestrator, object document) =>
        context.Output.Write(document, $"ready: orchestrator {orchestrator.Id}, queues {string.Join(", ", orchestrator.Queues)}");

    private static async Task<int> RunAsync(CommandContext context, WorkerSettings settings)
    {
        var config = context.ReadConfig()
            ?? throw CliException.Usage("Give --config FILE, which says what the tasks are (docs/reference/cli.md); to try the built-in tasks without one, run `pgconductor dev`.");
        await using var database = await context.OpenOrStartAsync(config);
        using var towerTasks = new TowerTasks(context.Environment.TimeProvider);
        var tasks = towerTasks.Make(config);
        return await new WorkerRun(context, settings).RunAsync(database, tasks, config.Orchestrator, orchestrator =>
            Announce(context, orchestrator, new { Event = "ready", Orchestrator = orchestrator.Id, orchestrator.Queues, Tasks = config.Tasks.Select(task => task.Key), Database = database.Description }));
    }
}
