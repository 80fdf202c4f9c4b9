using System.CommandLine;
using PgConductor.Cli.Output;

namespace PgConductor.Cli.Commands;

/// <summary>pgconductor events.</summary>
internal static class EventCommands
{
    public static Command Build(Func<ParseResult, CommandContext> context) =>
        new("events", "Emit events; see who is subscribed, and what failed.") { Emit(context), ListSubscriptions(context), Failures(context) };

    private static Command Emit(Func<ParseResult, CommandContext> context)
    {
        var key = new Argument<string>("KEY") { Description = "The event's key." };
        var payload = new Option<string?>("--payload") { Description = "The payload as JSON; default {}.", HelpName = "JSON" };
        var file = new Option<string?>("--payload-file") { Description = "The payload from a file, or from standard input with -.", HelpName = "FILE" };
        var command = new Command("emit", "Emits an event: starts the tasks that are subscribed to it and wakes the executions that wait for it.") { key, payload, file };
        command.Validators.Add(result =>
        {
            if (result.GetResult(payload) is not null && result.GetResult(file) is not null)
            {
                result.AddError("Give --payload or --payload-file, not both.");
            }
        });
        command.SetAction((parsed, token) => EmitAsync(context(parsed), parsed.GetValue(key)!, parsed.GetValue(payload), parsed.GetValue(file), token));
        return command;
    }

    private static Command ListSubscriptions(Func<ParseResult, CommandContext> context)
    {
        var service = new Option<string?>("--service") { Description = "Only of this service.", HelpName = "NAME" };
        var command = new Command("list-subscriptions", "Lists which tasks are started by which events and tables.") { service };
        command.SetAction((parsed, token) => ListSubscriptionsAsync(context(parsed), parsed.GetValue(service), token));
        return command;
    }

    private static Command Failures(Func<ParseResult, CommandContext> context)
    {
        var limit = Arguments.Integer("--limit", "How many.", 50, 1, 1000);
        var before = Arguments.OptionalInteger("--before", "The next page: only failures older than this id, the last one of the page before.", 1, int.MaxValue);
        var command = new Command("failures", "Lists what events should have started or woken and did not, newest first.") { limit, before };
        command.SetAction((parsed, token) => FailuresAsync(context(parsed), parsed.GetValue(limit), parsed.GetValue(before), token));
        return command;
    }

    private static async Task<int> EmitAsync(CommandContext context, string key, string? payload, string? file, CancellationToken cancellationToken)
    {
        var json = PayloadReader.Read(context.Environment, payload, file);
        await using var database = await context.OpenAsync();
        var id = await database.Conductor.EmitAsync(key, json, cancellationToken: cancellationToken);
        context.Output.Write(new { Id = id, Key = key }, $"Event \"{key}\" is emitted: {id}");
        return ExitCodes.Ok;
    }

    private static async Task<int> ListSubscriptionsAsync(CommandContext context, string? service, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var subscriptions = await database.Conductor.ListSubscriptionsAsync(service, cancellationToken);
        context.Output.WriteList(
            [.. subscriptions.Select(SubscriptionView.From)],
            "There are no subscriptions.",
            ("service", item => item.Service),
            ("task", item => item.Task),
            ("name", item => item.Name),
            ("source", item => item.Source),
            ("fields", item => string.Join(", ", item.Fields ?? item.Columns ?? [])),
            ("filter", item => item.Filter?.GetRawText() ?? ""));
        return ExitCodes.Ok;
    }

    private static async Task<int> FailuresAsync(CommandContext context, int limit, int? before, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var failures = await database.Conductor.ListEventFailuresAsync(limit, before, cancellationToken);
        context.Output.WriteList(
            [.. failures.Select(EventFailureView.From)],
            "Nothing failed.",
            ("id", item => Text.Of(item.Id)),
            ("failed", item => Text.Of(item.FailedAt)),
            ("source", item => item.Source),
            ("task", item => item.Task ?? ""),
            ("execution", item => item.ExecutionId?.ToString() ?? ""),
            ("message", item => item.Message));
        return ExitCodes.Ok;
    }
}
