using System.CommandLine;
using PgConductor.Cli.Output;

namespace PgConductor.Cli.Commands;

/// <summary>pgconductor orchestrators.</summary>
internal static class OrchestratorCommands
{
    public static Command Build(Func<ParseResult, CommandContext> context)
    {
        var list = new Command("list", "Lists the processes that run executions.");
        list.SetAction(async (parsed, cancellationToken) => await ListAsync(context(parsed), cancellationToken));

        var id = Arguments.Id("orchestrator");
        var reason = new Option<string>("--reason") { Description = "Told to the process.", HelpName = "TEXT", DefaultValueFactory = _ => "stopped with pgconductor" };
        var stop = new Command("stop", "Asks a process to finish what it runs and end.") { id, reason };
        stop.SetAction(async (parsed, cancellationToken) => await StopAsync(context(parsed), parsed.GetValue(id), parsed.GetValue(reason)!, cancellationToken));
        return new Command("orchestrators", "See and stop the processes that run executions.") { list, stop };
    }

    private static async Task<int> ListAsync(CommandContext context, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var orchestrators = await database.Conductor.ListOrchestratorsAsync(cancellationToken);
        context.Output.WriteList(
            [.. orchestrators.Select(OrchestratorView.From)],
            "No process runs executions: start one with `pgconductor worker start`.",
            ("id", item => item.Id.ToString()),
            ("name", item => item.Name),
            ("version", item => item.Version),
            ("queues", item => string.Join(",", item.Queues)),
            ("running", item => Text.Of(item.Running)),
            ("heard of", item => $"{Text.Age(TimeSpan.FromSeconds(item.SilentSeconds))} ago"),
            ("started", item => Text.Of(item.StartedAt)),
            ("draining", item => Text.YesNo(item.Draining)));
        return ExitCodes.Ok;
    }

    private static async Task<int> StopAsync(CommandContext context, Guid id, string reason, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        if (!await database.Conductor.StopOrchestratorAsync(id, reason, cancellationToken))
        {
            throw CliException.NotFound($"There is no orchestrator {id}; see `pgconductor orchestrators list`.");
        }

        context.Output.Write(new { Id = id, Stopping = true }, $"Orchestrator {id} was asked to stop.");
        return ExitCodes.Ok;
    }
}
