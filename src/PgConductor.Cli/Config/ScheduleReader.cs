using System.Text.Json;
using PgConductor.Cli.Commands;
using PgConductor.Schedules;

namespace PgConductor.Cli.Config;

/// <summary>A schedule of a config file.</summary>
internal sealed record TowerSchedule(string Key, string Task, string Cron, JsonElement Payload, ScheduleOptions Options);

/// <summary>Reads the schedules of a config file.</summary>
internal static class ScheduleReader
{
    public static IReadOnlyList<TowerSchedule> Read(ConfigNode node)
    {
        var schedules = new List<TowerSchedule>();
        foreach (var (key, schedule) in node.Members("an object of schedules, each by its key: { \"nightly\": { \"task\": \"report\", \"cron\": \"0 2 * * *\" } }"))
        {
            if (!Names.IsQueue(key))
            {
                schedule.Fault($"{JsonSerializer.Serialize(key)} cannot be a schedule's key: give 1 to 200 bytes without control characters");
            }
            else if (ReadOne(key, schedule) is { } read)
            {
                schedules.Add(read);
            }
        }

        return schedules;
    }

    private static TowerSchedule? ReadOne(string key, ConfigNode node)
    {
        var before = node.Faults.Count;
        var members = node.Object("task", "cron", "timeZone", "payload", "queue", "priority", "missed", "tolerance", "catchUp", "overlap");
        var task = Required("task")?.Text("a task's key", Names.IsTask);
        var cron = Required("cron")?.Text("a cron expression, such as \"0 2 * * *\"");
        var options = ReadOptions(members);
        if (node.Faults.Count > before)
        {
            return null;
        }

        // The expression's own grammar: the same message as everywhere else, where the expression is.
        if (!CronExpression.TryParse(cron, out _, out var fault))
        {
            members["cron"].Fault(fault);
        }

        return new TowerSchedule(key, task!, cron!, members.TryGetValue("payload", out var payload) ? payload.Value.Clone() : JsonElement.Parse("{}"), options);

        ConfigNode? Required(string name)
        {
            if (members.TryGetValue(name, out var member))
            {
                return member;
            }

            if (node.Value.ValueKind == JsonValueKind.Object)
            {
                node.Faults.Add(new ConfigFault($"{node.Path}.{name}", "is missing; give the task's key and a cron expression"));
            }

            return null;
        }
    }

    private static ScheduleOptions ReadOptions(Dictionary<string, ConfigNode> members)
    {
        var options = ScheduleOptions.Default;
        if (members.TryGetValue("timeZone", out var zone) && zone.Text("an IANA time zone, such as \"Europe/Berlin\"") is { } name)
        {
            try
            {
                options = options with { TimeZone = ScheduleTimeZone.Find(name).Id };
            }
            catch (ConductorException exception)
            {
                zone.Fault(exception.Message);
            }
        }

        if (members.TryGetValue("queue", out var queue) && queue.Text("a queue name: 1 to 200 bytes without control characters", Names.IsQueue) is { } queueName)
        {
            options = options with { Queue = queueName };
        }

        if (members.TryGetValue("missed", out var missed)
            && missed.Text($"one of {string.Join(", ", ScheduleCommands.Policies.Keys)}", ScheduleCommands.Policies.ContainsKey) is { } policy)
        {
            options = options with { Missed = ScheduleCommands.Policies[policy] };
        }

        return options with
        {
            Priority = (members.TryGetValue("priority", out var priority) ? priority.Integer(-100, 100) : null) ?? options.Priority,
            Tolerance = (members.TryGetValue("tolerance", out var tolerance) ? tolerance.Time(TimeSpan.Zero, TimeSpan.FromDays(365)) : null) ?? options.Tolerance,
            CatchUp = (members.TryGetValue("catchUp", out var catchUp) ? catchUp.Integer(1, 1000) : null) ?? options.CatchUp,
            Overlap = (members.TryGetValue("overlap", out var overlap) ? overlap.Boolean() : null) ?? options.Overlap,
        };
    }
}
