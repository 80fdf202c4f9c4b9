using System.CommandLine;
using PgConductor.Cli.Output;

namespace PgConductor.Cli.Commands;

/// <summary>pgconductor tasks.</summary>
internal static class TaskCommands
{
    public static Command Build(Func<ParseResult, CommandContext> context)
    {
        var list = new Command("list", "Lists the tasks the database knows, with their settings and how many workers serve them.");
        list.SetAction(async (parsed, cancellationToken) => await ListAsync(context(parsed), cancellationToken));
        return new Command("tasks", "See tasks.") { list };
    }

    private static async Task<int> ListAsync(CommandContext context, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var tasks = await database.Conductor.ListTasksAsync(cancellationToken);
        context.Output.WriteList(
            [.. tasks.Select(TaskView.From)],
            "There are no tasks: start a worker, or invoke one.",
            ("key", task => task.Key),
            ("queue", task => task.Queue),
            ("attempts", task => Text.Of(task.MaxAttempts)),
            ("keep completed", task => task.KeepCompleted),
            ("keep failed", task => task.KeepFailed),
            ("windows", task => task.Windows.Count == 0 ? "" : $"{string.Join("; ", task.Windows)} {task.TimeZone}"),
            ("open", task => task.ChangesAt is { } change ? $"{(task.Open ? "until" : "from")} {Text.Of(change)}" : Text.YesNo(task.Open)),
            ("paused", task => Text.YesNo(task.Paused)),
            ("workers", task => Text.Of(task.Workers)));
        return ExitCodes.Ok;
    }
}
