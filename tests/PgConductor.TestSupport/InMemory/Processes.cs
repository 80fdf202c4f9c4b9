using System.Collections.Immutable;
using PgConductor.Database;

namespace PgConductor.TestSupport.InMemory;

/// <summary>Registration, heartbeats, recovery and shutdown of processes.</summary>
internal sealed class Processes(Tables tables, Queues queues, Settlements settlements, Executions executions, ScheduleTable schedules)
{
    private const double LongestBackoff = 3155760000;
    private const int MostTakenOver = 4;

    public bool Register(Guid id, string name, string version, int schemaVersion)
    {
        if (tables.Orchestrators.TryGetValue(id, out var known))
        {
            known.LastHeartbeatAt = tables.Now;
            known.Draining = false;
        }
        else
        {
            tables.Orchestrators.Add(id, new OrchestratorRow(id, name, version, schemaVersion, tables.Now));
        }

        return true;
    }

    public bool RegisterWorker(Guid id, string queue, IReadOnlyCollection<TaskDefinition> tasks)
    {
        if (!tables.Orchestrators.TryGetValue(id, out var orchestrator))
        {
            throw ServerErrors.Of("PC001", $"orchestrator {id} is not registered");
        }

        var before = tables.Tasks.ToArray();
        var queueWasThere = tables.Queues.ContainsKey(queue);
        try
        {
            queues.Create(queue, partitioned: false);
            foreach (var task in tasks)
            {
                RegisterTask(task);
            }
        }
        catch
        {
            tables.Tasks.Clear();
            Array.ForEach(before, task => tables.Tasks.Add(task.Key, task.Value));
            if (!queueWasThere)
            {
                tables.Queues.Remove(queue);
            }

            throw;
        }

        orchestrator.Workers[queue] = [.. tasks.Select(task => task.Key)];
        return true;
    }

    public HeartbeatReply Beat(HeartbeatRequest request)
    {
        var now = tables.Now;
        var alive = tables.Orchestrators.TryGetValue(request.OrchestratorId, out var self);
        if (alive)
        {
            self!.LastHeartbeatAt = now;
            self.Draining = request.Draining;
        }

        tables.Signals.RemoveAll(signal => signal.OrchestratorId == request.OrchestratorId && request.Acknowledged.Contains(signal.Id));
        PutBack(
            lease => lease.OrchestratorId == request.OrchestratorId && lease.ClaimedAt <= now - request.LostAfter && !request.KnownLeases.Contains(lease.Id),
            (lease, position) => new Outcome(lease, position, OutcomeKind.Released));

        var recovery = Recover(request.Takeover);
        foreach (var (orphan, reason) in tables.Orphans.Take(50).ToList())
        {
            tables.Orphans.Remove(orphan);
            executions.Cancel(orphan, reason);
        }

        var others = tables.Orchestrators.Values.Where(other => other.Id != request.OrchestratorId).ToList();
        var signals = tables.Signals.Where(signal => signal.OrchestratorId == request.OrchestratorId).OrderBy(signal => signal.Id);
        TimeSpan? nextTakeover = others.Count == 0 ? null : others.Min(other => other.LastHeartbeatAt) + request.Takeover - now;
        return new HeartbeatReply(
            alive,
            [.. signals.Select(signal => new Signal(signal.Id, signal.Kind, signal.ExecutionId, signal.Reason))],
            recovery,
            nextTakeover < TimeSpan.Zero ? TimeSpan.Zero : nextTakeover,
            tables.SchemaVersion,
            schedules.NextIn(DateTimeOffset.MinValue) is { } next ? next < TimeSpan.Zero ? TimeSpan.Zero : next : null);
    }

    public RecoveryReport Recover(TimeSpan takeover)
    {
        var now = tables.Now;
        var stale = tables.Orchestrators.Values
            .Where(candidate => candidate.LastHeartbeatAt <= now - takeover)
            .OrderBy(candidate => candidate.LastHeartbeatAt)
            .Take(MostTakenOver)
            .Select(candidate => candidate.Id)
            .ToHashSet();
        var dead = PutBack(lease => stale.Contains(lease.OrchestratorId), Crashed("its process stopped answering"));
        foreach (var id in stale)
        {
            Remove(id);
        }

        var orphans = PutBack(
            lease => lease.ClaimedAt <= now - takeover && !tables.Orchestrators.ContainsKey(lease.OrchestratorId),
            Crashed("its owner is not registered"));
        return new RecoveryReport(stale.Count, dead.Rescued + orphans.Rescued, dead.Dead + orphans.Dead);
    }

    public int Shutdown(Guid id)
    {
        var left = tables.Leases.Values.Count(lease => lease.OrchestratorId == id);
        if (left == 0)
        {
            Remove(id);
        }
        else if (tables.Orchestrators.TryGetValue(id, out var orchestrator))
        {
            orchestrator.Workers.Clear();
        }

        return left;
    }

    public bool SignalShutdown(Guid id, string reason)
    {
        if (!tables.Orchestrators.ContainsKey(id))
        {
            return false;
        }

        tables.Signals.Add(new SignalRow(tables.NextSignal(), id, SignalKind.Shutdown, null, reason));
        tables.Notifications.Add((null, id));
        return true;
    }

    public IReadOnlyList<OrchestratorInfo> List()
    {
        var now = tables.Now;
        return [.. tables.Orchestrators.Values.OrderBy(row => row.StartedAt).ThenBy(row => row.Id).Select(row =>
        {
            var leases = tables.Leases.Values.Where(lease => lease.OrchestratorId == row.Id).ToList();
            return new OrchestratorInfo(
                row.Id, row.Name, row.Version, row.SchemaVersion, new DateTimeOffset(row.StartedAt, TimeSpan.Zero), now - row.LastHeartbeatAt,
                row.Draining, [.. row.Workers.Keys.Order(StringComparer.Ordinal)], leases.Count, leases.Sum(lease => lease.Left));
        })];
    }

    private static Func<long, int, Outcome> Crashed(string reason)
    {
        var error = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { type = "Crashed", message = reason });
        return (lease, position) => new Outcome(lease, position, OutcomeKind.Failed, Error: error, Delay: TimeSpan.Zero);
    }

    private (int Rescued, int Dead) PutBack(Func<LeaseRow, bool> which, Func<long, int, Outcome> outcome)
    {
        var rescued = 0;
        var dead = 0;
        foreach (var lease in tables.Leases.Values.Where(which).ToArray())
        {
            foreach (var position in Enumerable.Range(1, lease.Items.Count).Where(lease.IsOpen).ToArray())
            {
                var effect = settlements.Settle(lease.OrchestratorId, outcome(lease.Id, position));
                rescued += effect == Effect.Retried ? 1 : 0;
                dead += effect == Effect.Failed ? 1 : 0;
            }
        }

        return (rescued, dead);
    }

    private void RegisterTask(TaskDefinition definition)
    {
        var options = definition.Options;
        var task = tables.EnsureTask(definition.Key, options.Queue);
        if (options.Backoff?.Any(pause => pause.TotalSeconds > LongestBackoff) == true)
        {
            throw ServerErrors.Of("PC004", $"the settings of task \"{definition.Key}\" are not possible");
        }

        tables.Tasks[definition.Key] = task with
        {
            Queue = options.Queue,
            MaxAttempts = options.MaxAttempts ?? task.MaxAttempts,
            Backoff = options.Backoff?.Select(pause => pause.TotalSeconds).ToImmutableArray() ?? task.Backoff,
            BackoffJitter = options.BackoffJitter ?? task.BackoffJitter,
            KeepCompleted = options.KeepCompleted ?? task.KeepCompleted,
            KeepFailed = options.KeepFailed ?? task.KeepFailed,
        };
    }

    private void Remove(Guid id)
    {
        tables.Orchestrators.Remove(id);
        tables.Signals.RemoveAll(signal => signal.OrchestratorId == id);
    }
}
