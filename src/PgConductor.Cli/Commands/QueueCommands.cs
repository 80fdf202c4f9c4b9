using System.CommandLine;
using PgConductor.Cli.Output;
using PgConductor.Client;

namespace PgConductor.Cli.Commands;

/// <summary>pgconductor queues.</summary>
internal static class QueueCommands
{
    public static Command Build(Func<ParseResult, CommandContext> context)
    {
        var list = new Command("list", "Lists the queues with what waits and runs in them.");
        list.SetAction(async (parsed, cancellationToken) => await ListAsync(context(parsed), cancellationToken));

        var name = Arguments.QueueName();
        var partitioned = new Option<bool>("--partitioned") { Description = "With a partition of its own: for a queue that is hot or large." };
        var create = new Command("create", "Creates a queue; one that exists stays as it is.") { name, partitioned };
        create.SetAction((parsed, token) => RunAsync(context(parsed), parsed.GetValue(name)!, async (conductor, queue) =>
            await conductor.CreateQueueAsync(queue, parsed.GetValue(partitioned), token) ? ("created", $"Queue \"{queue}\" was created.") : ("existed", $"Queue \"{queue}\" existed already.")));

        var force = new Option<bool>("--force") { Description = "Cancels the executions that wait in it." };
        var drop = new Command("drop", "Drops a queue that nothing uses.") { name, force };
        drop.SetAction((parsed, token) => RunAsync(context(parsed), parsed.GetValue(name)!, async (conductor, queue) =>
            await conductor.DropQueueAsync(queue, parsed.GetValue(force), token)
                ? ("dropped", $"Queue \"{queue}\" was dropped.")
                : throw CliException.NotFound($"There is no queue \"{queue}\"; see `pgconductor queues list`.")));

        var pause = new Command("pause", "Stops claims from a queue in all processes; what runs goes on.") { name };
        pause.SetAction((parsed, token) => RunAsync(context(parsed), parsed.GetValue(name)!, async (conductor, queue) =>
        {
            await conductor.PauseQueueAsync(queue, token);
            return ("paused", $"Queue \"{queue}\" is paused.");
        }));

        var resume = new Command("resume", "Lets claims from a queue go on.") { name };
        resume.SetAction((parsed, token) => RunAsync(context(parsed), parsed.GetValue(name)!, async (conductor, queue) =>
        {
            await conductor.ResumeQueueAsync(queue, token);
            return ("resumed", $"Queue \"{queue}\" is not paused any more.");
        }));
        return new Command("queues", "See and steer queues.") { list, create, drop, pause, resume };
    }

    private static async Task<int> ListAsync(CommandContext context, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var queues = await database.Conductor.ListQueuesAsync(cancellationToken);
        context.Output.WriteList(
            [.. queues.Select(QueueView.From)],
            "There are no queues.",
            ("name", queue => queue.Name),
            ("ready", queue => Text.Of(queue.Ready)),
            ("scheduled", queue => Text.Of(queue.Scheduled)),
            ("running", queue => Text.Of(queue.Running)),
            ("oldest due", queue => queue.OldestDueSeconds is { } age ? Text.Age(TimeSpan.FromSeconds(age)) : ""),
            ("workers", queue => Text.Of(queue.Workers)),
            ("paused", queue => Text.YesNo(queue.Paused)),
            ("partitioned", queue => Text.YesNo(queue.Partitioned)));
        return ExitCodes.Ok;
    }

    private static async Task<int> RunAsync(CommandContext context, string queue, Func<Conductor, string, Task<(string Outcome, string Text)>> work)
    {
        await using var database = await context.OpenAsync();
        var (outcome, text) = await work(database.Conductor, queue);
        context.Output.Write(new { Queue = queue, Outcome = outcome }, text);
        return ExitCodes.Ok;
    }
}
