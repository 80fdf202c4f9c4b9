using System.Text.Json;
using PgConductor.Client;
using PgConductor.Database;

namespace PgConductor.TestSupport.InMemory;

/// <summary>Reading, cancelling and retrying executions.</summary>
internal sealed class Executions(Tables tables)
{
    public ExecutionInfo? Get(Guid id)
    {
        var found = All().FirstOrDefault(candidate => candidate.Info.Id == id);
        return found.Info is null ? null : found.Info with
        {
            MaxAttempts = found.Info.MaxAttempts ?? tables.Tasks[found.Info.TaskKey].MaxAttempts,
            ParentId = found.Row.Parent?.Id,
            Payload = Parse(found.Row.Payload),
            Result = found.Result is null ? null : Parse(found.Result),
            Errors = found.Row.Errors.IsEmpty ? null : JsonSerializer.SerializeToElement(found.Row.Errors),
        };
    }

    public IReadOnlyList<ExecutionInfo> List(ExecutionQuery query)
    {
        if (query.Limit is < 1 or > 1000)
        {
            throw ServerErrors.Of("PC004", $"a page of {query.Limit} executions is not possible");
        }

        return [.. All()
            .Select(found => found.Info)
            .Where(info => (query.State is null || info.State == query.State)
                && (query.TaskKey is null || info.TaskKey == query.TaskKey)
                && (query.Queue is null || info.Queue == query.Queue)
                && (query.Before is not { } before || info.Id.CompareTo(before) < 0))
            .OrderByDescending(info => info.Id)
            .Take(query.Limit)];
    }

    public IReadOnlyList<ExecutionCount> Count(string? queue, string? taskKey) =>
        [.. All()
            .Where(found => (queue is null || found.Info.Queue == queue) && (taskKey is null || found.Info.TaskKey == taskKey))
            .GroupBy(found => (found.Info.Queue, found.Info.TaskKey, found.Info.State))
            .Select(group => new ExecutionCount(group.Key.Queue, group.Key.TaskKey, group.Key.State, group.Count()))];

    public CancelOutcome Cancel(Guid id, string reason)
    {
        if (tables.Waiting.Find(id) is { } waiting)
        {
            tables.Waiting.Remove(waiting);
            tables.Bury(waiting, ExecutionState.Cancelled, null, reason, null);
            return CancelOutcome.Cancelled;
        }

        foreach (var lease in tables.Leases.Values)
        {
            var position = 1 + lease.Items.Select(item => item.Id).ToList().IndexOf(id);
            if (!lease.IsOpen(position))
            {
                continue;
            }

            if (lease.Cancels.TryAdd(position, reason) && tables.Orchestrators.ContainsKey(lease.OrchestratorId))
            {
                tables.Signals.Add(new SignalRow(tables.NextSignal(), lease.OrchestratorId, SignalKind.Cancel, id, reason));
            }

            tables.Notifications.Add((null, lease.OrchestratorId));
            return CancelOutcome.Requested;
        }

        return tables.History.Exists(row => row.Execution.Id == id) ? CancelOutcome.Finished : CancelOutcome.Unknown;
    }

    public bool Retry(Guid id)
    {
        var buried = tables.History.Find(row => row.Execution.Id == id && row.State != ExecutionState.Completed)
            ?? throw ServerErrors.Of("PC007", $"there is no failed execution {id}");
        var row = buried.Execution;
        tables.EnsureTask(row.TaskKey, row.Queue);
        if (row.DedupeKey is { } key)
        {
            if (tables.DedupeKeys.TryGetValue((row.TaskKey, key), out var holder) && holder.Id != id)
            {
                throw ServerErrors.Of("PC003", $"dedupe key \"{key}\" of task \"{row.TaskKey}\" is taken by execution {holder.Id}");
            }

            tables.DedupeKeys[(row.TaskKey, key)] = (id, row.Queue);
        }

        tables.History.Remove(buried);
        tables.Flows.Retry(row);
        tables.Waiting.Add(row with { Attempts = 0, RunAt = tables.Now });
        tables.Wake(row.Queue);
        return true;
    }

    private IEnumerable<(ExecutionInfo Info, ExecutionRow Row, byte[]? Result)> All()
    {
        var now = tables.Now;
        foreach (var row in tables.Waiting.All)
        {
            var state = row.RunAt <= now ? ExecutionState.Ready : row.IsWaiting || row.RunAt == DateTime.MaxValue ? ExecutionState.Waiting : ExecutionState.Scheduled;
            var info = Info(row, state) with
            {
                RunAt = row.RunAt == DateTime.MaxValue ? null : Offset(row.RunAt),
                Reason = row.Errors.IsEmpty || !row.Errors[^1].TryGetProperty("message", out var message) ? null : message.GetString(),
            };
            yield return (info, row, null);
        }

        foreach (var lease in tables.Leases.Values)
        {
            for (var position = 1; position <= lease.Items.Count; position++)
            {
                if (lease.IsOpen(position))
                {
                    var row = lease.Items[position - 1];
                    var info = Info(row, ExecutionState.Running) with
                    {
                        RunAt = Offset(row.RunAt),
                        StartedAt = Offset(lease.ClaimedAt),
                        OrchestratorId = lease.OrchestratorId,
                        Reason = lease.Cancels.GetValueOrDefault(position),
                    };
                    yield return (info, row, null);
                }
            }
        }

        foreach (var row in tables.History)
        {
            var info = Info(row.Execution, row.State) with
            {
                // The history of completed executions has no column for it.
                MaxAttempts = row.State == ExecutionState.Completed ? null : row.Execution.MaxAttempts,
                StartedAt = row.StartedAt is { } started ? Offset(started) : null,
                FinishedAt = Offset(row.FinishedAt),
                Reason = row.Reason,
            };
            yield return (info, row.Execution, row.Result);
        }
    }

    private static ExecutionInfo Info(ExecutionRow row, ExecutionState state) => new()
    {
        Id = row.Id,
        Queue = row.Queue,
        TaskKey = row.TaskKey,
        State = state,
        Priority = row.Priority,
        Attempts = row.Attempts,
        MaxAttempts = row.MaxAttempts,
        CreatedAt = Offset(row.CreatedAt),
        DedupeKey = row.DedupeKey,
    };

    private static DateTimeOffset Offset(DateTime time) => new(time, TimeSpan.Zero);

    private static JsonElement Parse(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
