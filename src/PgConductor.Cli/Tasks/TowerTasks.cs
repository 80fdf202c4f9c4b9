using System.Text.Json;
using PgConductor.Cli.Config;

namespace PgConductor.Cli.Tasks;

/// <summary>Makes what a config file says runnable.</summary>
internal sealed class TowerTasks(TimeProvider timeProvider) : IDisposable
{
    private readonly BuiltInTasks _builtIns = new(timeProvider);
    private HttpSender? _http;

    /// <summary>The tasks of a config file.</summary>
    public TaskCollection Make(TowerConfig config)
    {
        var tasks = new TaskCollection();
        foreach (var (key, options, body) in config.Tasks)
        {
            switch (body)
            {
                case BuiltInBody builtIn:
                    _builtIns.Add(tasks, key, builtIn.Name, options);
                    break;
                case CommandBody command:
                    tasks.Add(TaskDefinition.Create<JsonElement, JsonElement?>(key, options), new CommandTask(command, config.Folder, timeProvider).RunAsync);
                    break;
                case HttpBody http:
                    _http ??= new HttpSender();
                    tasks.Add(TaskDefinition.Create<JsonElement, JsonElement?>(key, options), new HttpTask(http, _http, timeProvider).RunAsync);
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(config), body, "There is no such kind of task.");
            }
        }

        foreach (var schedule in config.Schedules)
        {
            tasks.Schedule(schedule.Key, TaskDefinition.Create<JsonElement, JsonElement?>(schedule.Task), schedule.Payload, schedule.Cron, schedule.Options);
        }

        return tasks;
    }

    /// <summary>Every built-in under its own name.</summary>
    public TaskCollection MakeBuiltIns()
    {
        var tasks = new TaskCollection();
        foreach (var name in BuiltInBody.Names)
        {
            _builtIns.Add(tasks, name, name, TaskOptions.Default);
        }

        return tasks;
    }

    public void Dispose() => _http?.Dispose();
}
