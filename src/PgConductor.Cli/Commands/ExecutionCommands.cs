using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using PgConductor.Cli.Output;
using PgConductor.Client;

namespace PgConductor.Cli.Commands;

/// <summary>pgconductor executions.</summary>
internal static class ExecutionCommands
{
    private static readonly Dictionary<string, ExecutionState> _states = Enum.GetValues<ExecutionState>().ToDictionary(Text.Of, StringComparer.Ordinal);
    private static readonly Dictionary<string, LogLevel> _levels = Enum.GetValues<LogLevel>().Where(level => level != LogLevel.None).ToDictionary(LogLineView.Name, StringComparer.Ordinal);
    private static readonly JsonSerializerOptions _indented = new(CommandOutput.JsonOptions) { WriteIndented = true };

    public static Command Build(Func<ParseResult, CommandContext> context) =>
        new("executions", "See and steer executions.") { List(context), Show(context), Logs(context), Cancel(context), Retry(context), Count(context) };

    private static Command List(Func<ParseResult, CommandContext> context)
    {
        var task = TaskOption();
        var state = Arguments.Choice("--state", "Only in this state.", _states, "STATE");
        var queue = QueueOption();
        var limit = Arguments.Integer("--limit", "How many.", 50, 1, 1000);
        var before = Arguments.BeforeId();
        var command = new Command("list", "Lists executions, newest first, without payloads.") { task, state, queue, limit, before };
        command.SetAction((parsed, token) => ListAsync(
            context(parsed),
            new ExecutionQuery { TaskKey = parsed.GetValue(task), State = parsed.GetValue(state), Queue = parsed.GetValue(queue), Limit = parsed.GetValue(limit), Before = parsed.GetValue(before) },
            token));
        return command;
    }

    private static Command Show(Func<ParseResult, CommandContext> context)
    {
        var id = Arguments.Id("execution");
        var command = new Command("show", "Shows one execution with payload, result, errors and steps.") { id };
        command.SetAction((parsed, token) => ShowAsync(context(parsed), parsed.GetValue(id), token));
        return command;
    }

    private static Command Logs(Func<ParseResult, CommandContext> context)
    {
        var id = Arguments.Id("execution");
        var level = Arguments.Choice("--level", "Only of this level and above.", _levels, "LEVEL");
        var limit = Arguments.Integer("--limit", "The newest so many.", 1000, 1, 10_000);
        var command = new Command("logs", "Shows what an execution logged, oldest first, as far as its task keeps it.") { id, level, limit };
        command.SetAction((parsed, token) => LogsAsync(context(parsed), parsed.GetValue(id), parsed.GetValue(level) ?? LogLevel.Trace, parsed.GetValue(limit), token));
        return command;
    }

    private static Command Cancel(Func<ParseResult, CommandContext> context)
    {
        var id = Arguments.Id("execution");
        var reason = new Option<string>("--reason") { Description = "Kept with the execution.", HelpName = "TEXT", DefaultValueFactory = _ => "cancelled with pgconductor" };
        var command = new Command("cancel", "Cancels an execution; one that runs is told at once.") { id, reason };
        command.SetAction((parsed, token) => CancelAsync(context(parsed), parsed.GetValue(id), parsed.GetValue(reason)!, token));
        return command;
    }

    private static Command Retry(Func<ParseResult, CommandContext> context)
    {
        var id = Arguments.Id("execution");
        var command = new Command("retry", "Puts a failed or cancelled execution back to work, with all its attempts again.") { id };
        command.SetAction((parsed, token) => RetryAsync(context(parsed), parsed.GetValue(id), token));
        return command;
    }

    private static Command Count(Func<ParseResult, CommandContext> context)
    {
        var task = TaskOption();
        var queue = QueueOption();
        var command = new Command("count", "Counts executions by queue, task and state; reads all of them.") { task, queue };
        command.SetAction((parsed, token) => CountAsync(context(parsed), parsed.GetValue(queue), parsed.GetValue(task), token));
        return command;
    }

    private static Option<string?> TaskOption() => new("--task") { Description = "Only of this task.", HelpName = "KEY" };

    private static Option<string?> QueueOption() => new("--queue") { Description = "Only in this queue.", HelpName = "QUEUE" };

    private static async Task<int> ListAsync(CommandContext context, ExecutionQuery query, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var executions = await database.Conductor.ListAsync(query, cancellationToken);
        context.Output.WriteList(
            [.. executions.Select(ExecutionView.From)],
            "There are no such executions.",
            ("id", item => item.Id.ToString()),
            ("task", item => item.Task),
            ("queue", item => item.Queue),
            ("state", item => Text.Of(item.State)),
            ("attempts", item => Text.Of(item.Attempts)),
            ("created", item => Text.Of(item.CreatedAt)),
            ("finished", item => Text.Of(item.FinishedAt)),
            ("reason", item => Short(item.Reason)));
        return ExitCodes.Ok;
    }

    private static string Short(string? reason) => reason is null ? "" : reason.Length > 80 ? $"{reason.AsSpan(0, 77)}..." : reason;

    private static async Task<int> ShowAsync(CommandContext context, Guid id, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var info = await database.Conductor.GetAsync(id, cancellationToken) ?? throw Unknown(id);
        var detail = new ExecutionDetail(info, await database.Conductor.GetStepsAsync(id, cancellationToken));
        context.Output.Write(detail, JsonSerializer.Serialize(detail, _indented));
        return ExitCodes.Ok;
    }

    private static async Task<int> LogsAsync(CommandContext context, Guid id, LogLevel level, int limit, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var lines = await database.Conductor.GetLogsAsync(id, level, limit, cancellationToken);
        if (lines.Count == 0 && await database.Conductor.GetAsync(id, cancellationToken) is null)
        {
            throw Unknown(id);
        }

        context.Output.WriteList(
            [.. lines.Select(LogLineView.From)],
            "Nothing of it was kept: it logged nothing, or its task's keepLogs is none or over.",
            ("at", line => Text.Of(line.LoggedAt)),
            ("attempt", line => Text.Of(line.Attempt)),
            ("level", line => line.Level),
            ("message", line => line.Exception is null ? line.Message : $"{line.Message}\n{line.Exception}"));
        return ExitCodes.Ok;
    }

    private static async Task<int> CancelAsync(CommandContext context, Guid id, string reason, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var outcome = await database.Conductor.CancelAsync(id, reason, cancellationToken);
        switch (outcome)
        {
            case CancelOutcome.Unknown:
                throw Unknown(id);
            case CancelOutcome.Finished:
                throw new CliException(ExitCodes.Failed, "finished", $"Execution {id} had its outcome already; see `pgconductor executions show {id}`.");
            default:
                var text = outcome == CancelOutcome.Cancelled ? $"Execution {id} is cancelled." : $"Execution {id} is running; its process was told to stop it.";
                context.Output.Write(new { Id = id, Outcome = Text.Of(outcome) }, text);
                return ExitCodes.Ok;
        }
    }

    private static async Task<int> RetryAsync(CommandContext context, Guid id, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        await database.Conductor.RetryAsync(id, cancellationToken);
        context.Output.Write(new { Id = id, Outcome = "retried" }, $"Execution {id} is back at work.");
        return ExitCodes.Ok;
    }

    private static async Task<int> CountAsync(CommandContext context, string? queue, string? task, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var counts = await database.Conductor.CountAsync(queue, task, cancellationToken);
        context.Output.WriteList(
            [.. counts.Select(count => new CountView(count.Queue, count.TaskKey, count.State, count.Count))],
            "There are no such executions.",
            ("queue", count => count.Queue),
            ("task", count => count.Task),
            ("state", count => Text.Of(count.State)),
            ("count", count => Text.Of(count.Count)));
        return ExitCodes.Ok;
    }

    private static CliException Unknown(Guid id) =>
        CliException.NotFound($"Execution {id} is not known: it never was, its retention is over, or its task keeps no history.");
}
