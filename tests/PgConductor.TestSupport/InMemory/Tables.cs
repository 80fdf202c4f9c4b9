using PgConductor.Schema;

namespace PgConductor.TestSupport.InMemory;

/// <summary>The state of an in-memory database; the collaborators beside it are its functions. Used under the database's lock.</summary>
internal sealed class Tables(TimeProvider timeProvider)
{
    private long _lastLease;
    private long _lastSignal;

    public WaitingRows Waiting { get; } = new();

    /// <summary>What follows from the end of executions with steps or a parent.</summary>
    public Flows Flows => field ??= new Flows(this);

    public SortedDictionary<long, LeaseRow> Leases { get; } = [];

    public List<HistoryRow> History { get; } = [];

    public Dictionary<Guid, Dictionary<string, StepRow>> Steps { get; } = [];

    /// <summary>Children that nobody waits for any more, with the reason.</summary>
    public Dictionary<Guid, string> Orphans { get; } = [];

    public Dictionary<(string TaskKey, string Key), (Guid Id, string Queue)> DedupeKeys { get; } = [];

    public Dictionary<(string TaskKey, string Key, bool IsThrottle, PaceEdge Edge), PaceRow> Paces { get; } = [];

    public SortedDictionary<string, QueueRow> Queues { get; } = new(StringComparer.Ordinal) { ["default"] = new("default", Partitioned: false) };

    public SortedDictionary<string, TaskRow> Tasks { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, ScheduleRow> Schedules { get; } = new(StringComparer.Ordinal);

    public Dictionary<Guid, OrchestratorRow> Orchestrators { get; } = [];

    public List<SignalRow> Signals { get; } = [];

    /// <summary>Notifications of the statement under way, delivered after it: a queue, or the process that has signals.</summary>
    public List<(string? Queue, Guid? OrchestratorId)> Notifications { get; } = [];

    /// <summary>How to take the statement under way back; in reverse order. Null: it cannot fail half-way.</summary>
    public Stack<Action>? Undo { get; set; }

    public int SchemaVersion { get; set; } = MigrationStore.Embedded.LatestVersion;

    /// <summary>The statement's one instant, to the microsecond as the database keeps it.</summary>
    public DateTime Now
    {
        get
        {
            var now = timeProvider.GetUtcNow().UtcDateTime;
            return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        }
    }

    public long NextLease() => ++_lastLease;

    public long NextSignal() => ++_lastSignal;

    /// <summary>Tells every process.</summary>
    public void NotifyAll() => Notifications.Add((null, null));

    public void Wake(string queue) => Notifications.Add((queue, null));

    /// <summary>A task that nobody registered yet gets a row with the defaults; an unknown queue is refused.</summary>
    public TaskRow EnsureTask(string key, string queue)
    {
        if (key is "" or "?" || System.Text.Encoding.UTF8.GetByteCount(key) > 200 || key.Any(char.IsControl))
        {
            throw ServerErrors.Of("PC004", $"\"{key}\" cannot be a task key");
        }

        if (!Queues.ContainsKey(queue))
        {
            throw ServerErrors.Of("PC002", $"there is no queue \"{queue}\"");
        }

        if (!Tasks.TryGetValue(key, out var task))
        {
            Tasks.Add(key, task = new TaskRow(key, queue));
            Undo?.Push(() => Tasks.Remove(key));
        }

        return task;
    }

    public void ReleaseDedupeKey(ExecutionRow row)
    {
        if (row.DedupeKey is { } key && DedupeKeys.TryGetValue((row.TaskKey, key), out var holder) && holder.Id == row.Id)
        {
            DedupeKeys.Remove((row.TaskKey, key));
        }
    }

    /// <summary>Writes the end of an execution into the history, as far as its task keeps one.</summary>
    public void Bury(ExecutionRow row, ExecutionState state, DateTime? startedAt, string? reason, byte[]? result)
    {
        ReleaseDedupeKey(row);
        row = row with { IsWaiting = false };
        var task = Tasks[row.TaskKey];
        var keep = state == ExecutionState.Completed ? task.KeepCompleted : task.KeepFailed;
        if (keep != Retention.None)
        {
            History.Add(new HistoryRow(row, state, startedAt, Now, keep == Retention.Forever ? DateTime.MaxValue : Now.AddSeconds(keep.Seconds), reason, result));
        }

        if (row.HasFlow)
        {
            Flows.End(row, state, reason, result, state != ExecutionState.Completed && keep != Retention.None);
        }
    }
}
