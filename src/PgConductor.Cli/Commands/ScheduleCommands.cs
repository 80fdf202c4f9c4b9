using System.CommandLine;
using PgConductor.Cli.Output;
using PgConductor.Client;
using PgConductor.Schedules;

namespace PgConductor.Cli.Commands;

/// <summary>pgconductor schedules.</summary>
internal static class ScheduleCommands
{
    public static readonly IReadOnlyDictionary<string, MissedRuns> Policies = new Dictionary<string, MissedRuns>(StringComparer.Ordinal)
    {
        ["skip"] = MissedRuns.Skip,
        ["once"] = MissedRuns.Once,
        ["all"] = MissedRuns.All,
    };

    public static Command Build(Func<ParseResult, CommandContext> context)
    {
        var list = new Command("list", "Lists the schedules with their next runs.");
        list.SetAction(async (parsed, cancellationToken) => await ListAsync(context(parsed), cancellationToken));

        var key = new Argument<string>("KEY") { Description = "The schedule's key." };
        var force = new Option<bool>("--force") { Description = "Deletes one that a service declares too: for those whose service is gone." };
        var delete = new Command("delete", "Deletes a schedule; what it has enqueued stays.") { key, force };
        delete.SetAction((parsed, token) => RunAsync(context(parsed), parsed.GetValue(key)!, async (conductor, schedule) =>
            await conductor.UnscheduleAsync(schedule, parsed.GetValue(force), token)
                ? ("deleted", $"Schedule \"{schedule}\" was deleted.")
                : throw CliException.NotFound($"There is no schedule \"{schedule}\"; see `pgconductor schedules list`.")));

        var pause = new Command("pause", "Stops a schedule's runs; what it has enqueued goes on.") { key };
        pause.SetAction((parsed, token) => RunAsync(context(parsed), parsed.GetValue(key)!, async (conductor, schedule) =>
        {
            await conductor.PauseScheduleAsync(schedule, token);
            return ("paused", $"Schedule \"{schedule}\" is paused.");
        }));

        var resume = new Command("resume", "Lets a schedule go on with its next tick.") { key };
        resume.SetAction((parsed, token) => RunAsync(context(parsed), parsed.GetValue(key)!, async (conductor, schedule) =>
        {
            await conductor.ResumeScheduleAsync(schedule, token);
            return ("resumed", $"Schedule \"{schedule}\" is not paused any more.");
        }));

        var run = new Command("run", "Enqueues one run of a schedule now, also while it is paused, and prints its id.") { key };
        run.SetAction((parsed, token) => RunNowAsync(context(parsed), parsed.GetValue(key)!, token));
        return new Command("schedules", "See, make and steer schedules.") { list, BuildCreate(context), delete, pause, resume, run };
    }

    private static Command BuildCreate(Func<ParseResult, CommandContext> context)
    {
        var key = new Argument<string>("KEY") { Description = "The schedule's key." };
        var task = new Option<string>("--task") { Description = "The key of the task that runs.", HelpName = "TASK", Required = true };
        var cron = new Option<string>("--cron") { Description = "When: a cron expression of five fields, or six with the second first.", HelpName = "EXPRESSION", Required = true };
        var zone = new Option<string>("--time-zone") { Description = "By whose clock: an IANA name. Default UTC.", HelpName = "ZONE", DefaultValueFactory = _ => ScheduleOptions.Default.TimeZone };
        var payload = new Option<string?>("--payload") { Description = "Each run's payload, any JSON value. Default {}.", HelpName = "JSON" };
        var payloadFile = new Option<string?>("--payload-file") { Description = "A file with the payload; - for standard input.", HelpName = "FILE" };
        var queue = new Option<string?>("--queue") { Description = "The queue, which must exist. Default: the task's.", HelpName = "QUEUE" };
        var priority = Arguments.Integer("--priority", "Each run's priority; higher runs sooner, within its queue.", 0, -100, 100);
        var missed = Arguments.Choice("--missed", "What becomes of runs that were not started in time. Default once.", Policies, "POLICY");
        var tolerance = Arguments.Time("--tolerance", "How late a run may start without counting as missed, such as 90s. Default 1m.");
        var catchUp = Arguments.Integer("--catch-up", "The most runs that are made up for at a time.", ScheduleOptions.Default.CatchUp, 1, 1000);
        var noOverlap = new Option<bool>("--no-overlap") { Description = "Leaves a tick out while an earlier run waits or runs." };
        var create = new Command("create", "Makes a dynamic schedule, or changes it.") { key, task, cron, zone, payload, payloadFile, queue, priority, missed, tolerance, catchUp, noOverlap };
        create.Validators.Add(result =>
        {
            if (result.GetValue(payload) is not null && result.GetValue(payloadFile) is not null)
            {
                result.AddError("Give --payload or --payload-file, not both.");
            }
        });
        create.SetAction(async (parsed, token) =>
        {
            var at = context(parsed);
            var name = parsed.GetValue(key)!;
            var options = new ScheduleOptions
            {
                TimeZone = parsed.GetValue(zone)!,
                Queue = parsed.GetValue(queue),
                Priority = parsed.GetValue(priority),
                Missed = parsed.GetValue(missed) ?? ScheduleOptions.Default.Missed,
                Tolerance = parsed.GetValue(tolerance) ?? ScheduleOptions.Default.Tolerance,
                CatchUp = parsed.GetValue(catchUp),
                Overlap = !parsed.GetValue(noOverlap),
            };
            var content = PayloadReader.Read(at.Environment, parsed.GetValue(payload), parsed.GetValue(payloadFile));
            await using var database = await at.OpenAsync();
            var change = await database.Conductor.ScheduleAsync(name, parsed.GetValue(task)!, content, parsed.GetValue(cron)!, options, cancellationToken: token);
            var made = await database.Conductor.GetScheduleAsync(name, token);
            at.Output.Write(
                new { Schedule = name, Outcome = Text.Of(change), made?.NextRunAt },
                $"Schedule \"{name}\" {(change == ScheduleChange.Unchanged ? "is unchanged" : $"was {Text.Of(change)}")}{(made?.NextRunAt is { } next ? $"; its next run is at {Text.Of(next)}." : ".")}");
            return ExitCodes.Ok;
        });
        return create;
    }

    private static async Task<int> ListAsync(CommandContext context, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var schedules = await database.Conductor.ListSchedulesAsync(cancellationToken);
        context.Output.WriteList(
            [.. schedules.Select(ScheduleView.From)],
            "There are no schedules: make one with `pgconductor schedules create`.",
            ("key", schedule => schedule.Key),
            ("task", schedule => schedule.Task),
            ("cron", schedule => schedule.Cron),
            ("time zone", schedule => schedule.TimeZone),
            ("next run", schedule => Text.Of(schedule.NextRunAt)),
            ("last run", schedule => Text.Of(schedule.LastRunAt)),
            ("service", schedule => schedule.Service ?? ""),
            ("paused", schedule => Text.YesNo(schedule.Paused)),
            ("fault", schedule => schedule.Fault ?? ""));
        return ExitCodes.Ok;
    }

    private static async Task<int> RunNowAsync(CommandContext context, string key, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var id = await database.Conductor.RunScheduleNowAsync(key, cancellationToken);
        context.Output.Write(new { Schedule = key, Id = id }, id.ToString());
        return ExitCodes.Ok;
    }

    private static async Task<int> RunAsync(CommandContext context, string key, Func<Conductor, string, Task<(string Outcome, string Text)>> work)
    {
        await using var database = await context.OpenAsync();
        var (outcome, text) = await work(database.Conductor, key);
        context.Output.Write(new { Schedule = key, Outcome = outcome }, text);
        return ExitCodes.Ok;
    }
}
