using System.Globalization;
using System.Text.Json;
using PgConductor.Database;

namespace PgConductor.TestSupport.InMemory;

/// <summary>claim_executions. Lanes cannot be seen from outside and are not modelled; the claim position can, and is.</summary>
internal sealed class Claims(Tables tables)
{
    /// <summary>What claims say of the windows of what they claim: there are no windows here.</summary>
    public TimeSpan? ClosesIn { get; set; }

    public Claim Claim(Guid orchestratorId, string queue, int limit, string? position)
    {
        if (!tables.Orchestrators.TryGetValue(orchestratorId, out var orchestrator) || !orchestrator.Workers.TryGetValue(queue, out var tasks))
        {
            throw ServerErrors.Of("PC001", $"orchestrator {orchestratorId} is not registered for queue \"{queue}\"");
        }

        return Claim(orchestratorId, queue, tasks, limit, position);
    }

    /// <summary>get_executions.</summary>
    public Claim ClaimTask(Guid orchestratorId, string queue, string taskKey, int limit) =>
        tables.Tasks.ContainsKey(taskKey)
            ? Claim(orchestratorId, queue, [taskKey], limit, null) with { NextPosition = null, NextDueIn = null }
            : throw ServerErrors.Of("PC007", $"there is no task \"{taskKey}\"");

    /// <summary>invoke_and_claim, of one that may be claimed at once; else null.</summary>
    public Claim? ClaimNew(Guid orchestratorId, string workerQueue, Invocation invocation)
    {
        if (!tables.Tasks.TryGetValue(invocation.TaskKey, out var task)
            || (invocation.Queue ?? task.Queue) != workerQueue
            || !tables.Orchestrators.TryGetValue(orchestratorId, out var orchestrator)
            || !orchestrator.Workers.TryGetValue(workerQueue, out var tasks)
            || !tasks.Contains(task.Key)
            || tables.Queues[workerQueue].Paused
            || invocation.Payload.Length > 8192)
        {
            return null;
        }

        ServerErrors.CheckJson(invocation.Payload);
        Invocations.Check(invocation);
        var now = tables.Now;
        var row = new ExecutionRow
        {
            Id = invocation.Id,
            Queue = workerQueue,
            TaskKey = task.Key,
            RunAt = now,
            CreatedAt = now,
            Payload = invocation.Payload,
            Priority = invocation.Priority,
            MaxAttempts = invocation.MaxAttempts,
            TraceParent = invocation.TraceParent,
        };
        return Lease(orchestratorId, workerQueue, [row], [], now) with { NextPosition = null };
    }

    private Claim Claim(Guid orchestratorId, string queue, HashSet<string> tasks, int limit, string? position)
    {
        if (tables.Queues[queue].Paused)
        {
            return Database.Claim.Empty;
        }

        if (limit is < 1 or > 10000)
        {
            throw ServerErrors.Of("PC004", $"a claim of {limit} executions is not possible");
        }

        var now = tables.Now;
        var places = position is null ? null : Read(position);
        var taken = new List<ExecutionRow>();
        var ends = new SortedDictionary<int, DateTime>();
        var exhausted = false;
        foreach (var row in tables.Waiting.Of(queue).ToArray())
        {
            var start = DateTime.MinValue;
            if (places is not null && !places.TryGetValue(row.Priority, out start))
            {
                continue;
            }

            ends.TryAdd(row.Priority, start);
            if (taken.Count == limit || row.RunAt > now || row.RunAt < start || !tasks.Contains(row.TaskKey))
            {
                continue;
            }

            ends[row.Priority] = row.RunAt;
            if (row.Attempts > 0 && row.Attempts >= Allowed(row))
            {
                // Used up before it started: the limit was lowered meanwhile.
                tables.Waiting.Remove(row);
                tables.Bury(row, ExecutionState.Failed, null, $"not started: all {Allowed(row)} attempts were used up", null);
                exhausted = true;
                continue;
            }

            taken.Add(row);
        }

        if (taken.Count > 0)
        {
            taken.ForEach(tables.Waiting.Remove);
            return Lease(orchestratorId, queue, taken, ends, now);
        }

        DateTime? next = places is null
            ? tables.Waiting.Of(queue).Where(row => row.RunAt > now && row.RunAt != DateTime.MaxValue && tasks.Contains(row.TaskKey)).Select(row => (DateTime?)row.RunAt).Min()
            : null;
        return Database.Claim.Empty with { NextDueIn = exhausted ? TimeSpan.Zero : next - now };
    }

    public LateArrivals FindLate(Guid orchestratorId, string queue, string position, LookRange range)
    {
        if (!tables.Orchestrators.TryGetValue(orchestratorId, out var orchestrator) || !orchestrator.Workers.ContainsKey(queue) || tables.Queues[queue].Paused)
        {
            return LateArrivals.None;
        }

        var now = tables.Now;
        var known = Read(position);
        var places = new SortedDictionary<int, DateTime>(known);
        var late = false;
        DateTime? next = null;
        foreach (var row in tables.Waiting.Of(queue).ToArray())
        {
            var isNew = !known.TryGetValue(row.Priority, out var start);
            if (row.RunAt > now && range.Until is null)
            {
                next = row.RunAt != DateTime.MaxValue && (next is null || row.RunAt < next) ? row.RunAt : next;
            }
            else if ((isNew && range.Until is null) || (row.RunAt < (range.Until < start ? range.Until : start) && (range.Back is null || row.RunAt >= (range.Until ?? start) - range.Back)))
            {
                late = true;
                places[row.Priority] = places.TryGetValue(row.Priority, out var earlier) && earlier < row.RunAt ? earlier : row.RunAt;
            }
        }

        return new LateArrivals(Write(places), late, next - now, (range.Until ?? now) - range.Back);
    }

    private int Allowed(ExecutionRow row) => row.MaxAttempts ?? tables.Tasks[row.TaskKey].MaxAttempts;

    private Claim Lease(Guid orchestratorId, string queue, List<ExecutionRow> taken, SortedDictionary<int, DateTime> ends, DateTime now)
    {
        var lease = new LeaseRow
        {
            Id = tables.NextLease(),
            OrchestratorId = orchestratorId,
            ClaimedAt = now,
            Queue = queue,
            Items = taken.ConvertAll(row => row with { Attempts = row.Attempts + 1, IsWaiting = false }),
            Plain = taken.TrueForAll(row => row.DedupeKey is null && !row.HasFlow && row.Payload.Length <= 8192 && tables.Tasks[row.TaskKey].KeepCompleted == Retention.None),
        };
        for (var position = 1; position <= lease.Items.Count; position++)
        {
            if (lease.Items[position - 1].HasFlow)
            {
                lease.Stepped.Add(position);
            }
        }

        tables.Leases.Add(lease.Id, lease);
        return new Claim(
            lease.Id,
            [.. lease.Items.Select((row, index) => new ClaimedExecution
            {
                Position = index + 1,
                Id = row.Id,
                TaskKey = row.TaskKey,
                Attempt = row.Attempts,
                CreatedAt = row.CreatedAt,
                RunAt = row.RunAt,
                TraceParent = row.TraceParent,
                Payload = row.Payload,
                Steps = tables.Steps.TryGetValue(row.Id, out var steps) && steps.Count > 0 ? tables.Flows.Load(row.Id) : null,
                ClosesIn = ClosesIn,
            })],
            Write(ends),
            null);
    }

    private static string Write(SortedDictionary<int, DateTime> ends) =>
        JsonSerializer.Serialize(ends.ToDictionary(end => end.Key.ToString(CultureInfo.InvariantCulture), end => end.Value.Ticks, StringComparer.Ordinal));

    private static Dictionary<int, DateTime> Read(string position) =>
        JsonSerializer.Deserialize<Dictionary<string, long>>(position)!
            .ToDictionary(place => int.Parse(place.Key, CultureInfo.InvariantCulture), place => new DateTime(place.Value, DateTimeKind.Utc));
}
