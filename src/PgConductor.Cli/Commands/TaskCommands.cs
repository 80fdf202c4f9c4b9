using System.CommandLine;
using System.CommandLine.Parsing;
using PgConductor.Cli.Output;

namespace PgConductor.Cli.Commands;

/// <summary>pgconductor tasks.</summary>
internal static class TaskCommands
{
    public static Command Build(Func<ParseResult, CommandContext> context)
    {
        var list = new Command("list", "Lists the tasks the database knows, with their settings and how many workers serve them.");
        list.SetAction(async (parsed, cancellationToken) => await ListAsync(context(parsed), cancellationToken));

        var key = new Argument<string>("TASK") { Description = "The task's key." };
        var windows = new Argument<ExecutionWindow[]>("WINDOW")
        {
            Description = "All its windows, such as \"mon-fri 22:00-06:00\"; none: it may run always.",
            Arity = ArgumentArity.ZeroOrMore,
            CustomParser = ParseWindows,
        };
        var zone = new Option<string?>("--time-zone") { Description = "By whose clock: an IANA name; default: as it is.", HelpName = "ZONE" };
        var set = new Command("set-windows", "Says when a task may run, until a process starts whose code says otherwise.") { key, windows, zone };
        set.SetAction((parsed, token) => SetWindowsAsync(context(parsed), parsed.GetValue(key)!, parsed.GetValue(windows) ?? [], parsed.GetValue(zone), token));
        return new Command("tasks", "See tasks, and set when they may run.") { list, set };
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
            ("batches", task => task.BatchSize is { } size ? Text.Of(size) : ""),
            ("workers", task => Text.Of(task.Workers)));
        return ExitCodes.Ok;
    }

    private static ExecutionWindow[] ParseWindows(ArgumentResult result)
    {
        var windows = new List<ExecutionWindow>();
        foreach (var token in result.Tokens)
        {
            try
            {
                windows.Add(ExecutionWindow.Parse(token.Value));
            }
            catch (ConductorException exception)
            {
                result.AddError(exception.Message);
            }
        }

        return [.. windows];
    }

    private static async Task<int> SetWindowsAsync(CommandContext context, string key, ExecutionWindow[] windows, string? timeZone, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        await database.Conductor.SetWindowsAsync(key, windows, timeZone, cancellationToken);
        var task = TaskView.From((await database.Conductor.ListTasksAsync(cancellationToken)).Single(task => task.Key == key));
        var until = task.ChangesAt is { } change ? $" {(task.Open ? "until" : "from")} {Text.Of(change)}" : "";
        context.Output.Write(
            new { Task = key, task.Windows, task.TimeZone, task.Open, task.ChangesAt },
            windows.Length == 0 ? $"Task \"{key}\" may run always." : $"Task \"{key}\" may run {string.Join("; ", task.Windows)} {task.TimeZone}: {(task.Open ? "open" : "closed, open")}{until}.");
        return ExitCodes.Ok;
    }
}
