using System.Text;

namespace PgConductor.TestSupport.InMemory;

/// <summary>Queues, tasks, and the housekeeping of the history.</summary>
internal sealed class Queues(Tables tables, Executions executions)
{
    public bool Create(string name, bool partitioned)
    {
        if (name.Length == 0 || Encoding.UTF8.GetByteCount(name) > 200 || name.Any(char.IsControl))
        {
            throw ServerErrors.Of("PC004", $"\"{name}\" cannot be a queue name");
        }

        if (tables.Queues.TryGetValue(name, out var queue))
        {
            return partitioned && !queue.Partitioned ? throw ServerErrors.Of("PC006", $"queue \"{name}\" exists without a partition") : false;
        }

        tables.Queues.Add(name, new QueueRow(name, partitioned));
        return true;
    }

    public bool Drop(string name, bool force)
    {
        if (!tables.Queues.ContainsKey(name))
        {
            return false;
        }

        if (name == "default")
        {
            throw ServerErrors.Of("PC006", "the queue \"default\" cannot be dropped");
        }

        if (tables.Orchestrators.Values.Any(orchestrator => orchestrator.Workers.ContainsKey(name)))
        {
            throw ServerErrors.Of("PC005", $"queue \"{name}\" is served by running workers");
        }

        if (tables.Waiting.Of(name).Count > 0 && !force)
        {
            throw ServerErrors.Of("PC005", $"executions wait in queue \"{name}\"");
        }

        if (tables.Leases.Values.Any(lease => lease.Queue == name))
        {
            throw ServerErrors.Of("PC005", $"executions of queue \"{name}\" are running");
        }

        foreach (var row in tables.Waiting.Of(name).ToArray())
        {
            executions.Cancel(row.Id, $"queue \"{name}\" was dropped");
        }

        foreach (var task in tables.Tasks.Values.Where(task => task.Queue == name).ToArray())
        {
            tables.Tasks[task.Key] = task with { Queue = "default" };
        }

        return tables.Queues.Remove(name);
    }

    public bool SetPaused(string name, bool paused)
    {
        if (!tables.Queues.TryGetValue(name, out var queue))
        {
            throw ServerErrors.Of("PC002", $"there is no queue \"{name}\"");
        }

        tables.Queues[name] = queue with { Paused = paused };
        if (!paused)
        {
            tables.Wake(name);
        }

        return true;
    }

    public IReadOnlyList<QueueInfo> List()
    {
        var now = tables.Now;
        return [.. tables.Queues.Values.Select(queue =>
        {
            var rows = tables.Waiting.Of(queue.Name);
            var due = rows.Where(row => row.RunAt <= now).ToList();
            return new QueueInfo(
                queue.Name,
                queue.Paused,
                queue.Partitioned,
                due.Count,
                rows.Count - due.Count,
                tables.Leases.Values.Where(lease => lease.Queue == queue.Name).Sum(lease => lease.Left),
                due.Count == 0 ? null : now - due.Min(row => row.RunAt),
                tables.Orchestrators.Values.Count(orchestrator => orchestrator.Workers.ContainsKey(queue.Name)));
        })];
    }

    public IReadOnlyList<QueueLag> Lag(IReadOnlyCollection<string>? queues) =>
        [.. List()
            .Where(queue => !queue.Paused && queue.OldestDue is not null && queues?.Contains(queue.Name) != false)
            .Select(queue => new QueueLag(queue.Name, queue.OldestDue!.Value))];

    public IReadOnlyList<TaskInfo> ListTasks() =>
        [.. tables.Tasks.Values.Select(task => new TaskInfo(
            task.Key, task.Queue, false, task.MaxAttempts, task.KeepCompleted, task.KeepFailed, Retention.None, task.Windows, task.TimeZone, true, null,
            tables.Orchestrators.Values.Sum(orchestrator => orchestrator.Workers.Values.Count(keys => keys.Contains(task.Key))), null))];

    public bool SetWindows(string taskKey, IReadOnlyCollection<string> windows, string? timeZone)
    {
        if (!tables.Tasks.TryGetValue(taskKey, out var task))
        {
            throw ServerErrors.Of("PC007", $"there is no task \"{taskKey}\"");
        }

        tables.Tasks[taskKey] = task with { Windows = [.. windows], TimeZone = timeZone ?? task.TimeZone };
        return true;
    }

    /// <summary>Drops the days that are over, as partitions go.</summary>
    public Database.MaintenanceReport Maintain() =>
        new(0, 0, tables.History.RemoveAll(row => row.ExpiresAt.Date < tables.Now.Date), 0);
}
