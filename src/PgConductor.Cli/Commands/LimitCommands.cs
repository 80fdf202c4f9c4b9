using System.CommandLine;
using System.Globalization;
using PgConductor.Cli.Output;

namespace PgConductor.Cli.Commands;

/// <summary>pgconductor limits.</summary>
internal static class LimitCommands
{
    public static Command Build(Func<ParseResult, CommandContext> context)
    {
        var task = new Option<string?>("--task") { Description = "Only this task's.", HelpName = "KEY" };
        var limit = Arguments.Integer("--limit", "At most so many, those with something waiting first.", 100, 1, 1000);
        var list = new Command("list", "Lists the limits of tasks, and of their keys that have something running, waiting or used.") { task, limit };
        list.SetAction((parsed, token) => ListAsync(context(parsed), parsed.GetValue(task), parsed.GetValue(limit), token));
        return new Command("limits", "See what limits hold back.") { list };
    }

    private static async Task<int> ListAsync(CommandContext context, string? task, int limit, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var limits = await database.Conductor.ListLimitsAsync(task, limit, cancellationToken);
        context.Output.WriteList(
            [.. limits.Select(LimitView.From)],
            "Nothing is limited.",
            ("task", item => item.Task),
            ("key", item => item.Scope switch { LimitScope.Task => "", LimitScope.NoKey => "(no key)", _ => item.Key! }),
            ("running", item => item.Concurrency is { } most ? $"{Text.Of(item.Running)} of {Text.Of(most)}" : ""),
            ("rate", item => item.RateCount is { } count ? $"{Text.Of(count)} each {Text.Age(TimeSpan.FromSeconds(item.RateSeconds!.Value))}" : ""),
            ("tokens", item => item.Tokens is { } tokens ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(tokens, 0):0.#} of {item.Burst}") : ""),
            ("waiting", item => item.Scope == LimitScope.Task ? "" : Text.Of(item.Waiting) + (item.Waiting >= 1000 ? "+" : "")),
            ("opens", item => item.OpensInSeconds is { } seconds ? seconds > 0 ? $"in {Text.Age(TimeSpan.FromSeconds(seconds))}" : "" : "with a slot"));
        return ExitCodes.Ok;
    }
}
