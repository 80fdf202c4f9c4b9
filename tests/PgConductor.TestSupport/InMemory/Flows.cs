using System.Text.Json;
using System.Text.Json.Nodes;
using PgConductor.Database;

namespace PgConductor.TestSupport.InMemory;

/// <summary>Steps and waits: save_steps, load_steps, and what suspending, resolving and ending mean for them.</summary>
internal sealed class Flows(Tables tables)
{
    public IReadOnlyList<StepEffect> Save(Guid orchestratorId, IReadOnlyList<StepSave> steps)
    {
        foreach (var step in steps)
        {
            CheckName(step.Name);
            ServerErrors.CheckJson(step.Result);
        }

        return [.. steps.Select(step => Save(orchestratorId, step))];
    }

    public IReadOnlyList<StoredStep> Load(Guid executionId) =>
        [.. Of(executionId).Select(row => new StoredStep(row.Name, row.Kind, row.State(tables.Now), row.Result, row.StartedAt, row.FinishedAt ?? row.Deadline, row.Ordinal, row.ChildId))];

    public IReadOnlyList<StepInfo> List(Guid executionId) =>
        [.. Of(executionId).Select(row => new StepInfo
        {
            Name = row.Name,
            Kind = row.Kind,
            State = row.State(tables.Now),
            Result = row.Result is null ? null : JsonElement.Parse(row.Result),
            StartedAt = new DateTimeOffset(row.StartedAt, TimeSpan.Zero),
            FinishedAt = row.FinishedAt is { } finished ? new DateTimeOffset(finished, TimeSpan.Zero) : null,
            Deadline = row.Deadline is { } deadline ? new DateTimeOffset(deadline, TimeSpan.Zero) : null,
            ChildId = row.ChildId,
        })];

    /// <summary>The row of an execution that suspends, with its waits recorded and its children enqueued.</summary>
    public void Suspend(ExecutionRow item, byte[] what)
    {
        using var document = JsonDocument.Parse(what);
        var rows = tables.Steps.TryGetValue(item.Id, out var known) ? known : tables.Steps[item.Id] = new(StringComparer.Ordinal);
        var open = document.RootElement.TryGetProperty("open", out var names) ? names.EnumerateArray().Select(name => name.GetString()!).ToList() : [];
        var waits = document.RootElement.TryGetProperty("waits", out var news) ? news.EnumerateArray().ToList() : [];

        // Refused before anything is changed, as a statement is.
        foreach (var child in waits.Where(wait => wait.TryGetProperty("child", out _)).Select(wait => wait.GetProperty("child")))
        {
            _ = tables.EnsureTask(child.GetProperty("task").GetString()!, Queue(child));
        }

        var isResolved = open.Exists(name => !rows.TryGetValue(name, out var row) || row.FinishedAt is not null);
        var deadlines = open.Select(name => rows.GetValueOrDefault(name)?.Deadline).Concat(waits.Select(Deadline)).OfType<DateTime>().ToList();
        var isMoreThanTime = open.Count > 0 || waits.Exists(wait => wait.GetProperty("kind").GetString() != StepKind.Sleep);
        var due = isResolved ? tables.Now : deadlines.Count == 0 ? DateTime.MaxValue : deadlines.Min();
        tables.Waiting.Add(item with
        {
            RunAt = due < tables.Now ? tables.Now : due,
            Attempts = item.Attempts - 1,
            HasFlow = true,
            IsWaiting = isMoreThanTime && !isResolved,
        });
        foreach (var wait in waits)
        {
            Begin(item, rows, wait);
        }

        if (isResolved)
        {
            tables.Wake(item.Queue);
        }
    }

    public void End(ExecutionRow row, ExecutionState state, string? reason, byte[]? result, bool isKept)
    {
        if (tables.Steps.TryGetValue(row.Id, out var rows))
        {
            foreach (var wait in rows.Values.Where(step => step is { FinishedAt: null, ChildId: not null, Detached: false }))
            {
                Orphan(wait.ChildId!.Value, $"its parent {row.Id} {(state == ExecutionState.Completed ? "has ended" : state == ExecutionState.Failed ? "failed" : "was cancelled")}");
            }

            foreach (var step in rows.Values.Where(step => !isKept || step.FinishedAt is null).ToList())
            {
                rows.Remove(step.Name);
            }
        }

        if (row.Parent is { } parent)
        {
            Resolve(parent, state == ExecutionState.Completed, state == ExecutionState.Completed ? result : Error(row, state, reason));
        }
    }

    /// <summary>Starts what a retried dead letter died of anew.</summary>
    public void Retry(ExecutionRow row)
    {
        if (!row.Errors.IsEmpty && row.Errors[^1].TryGetProperty("step", out var name) && tables.Steps.TryGetValue(row.Id, out var rows)
            && rows.TryGetValue(name.GetString()!, out var step) && step.Failed)
        {
            rows.Remove(step.Name);
        }
    }

    private StepEffect Save(Guid orchestratorId, StepSave step)
    {
        if (!tables.Leases.TryGetValue(step.LeaseId, out var lease) || lease.OrchestratorId != orchestratorId || !lease.IsOpen(step.Position))
        {
            return StepEffect.Rejected;
        }

        lease.Stepped.Add(step.Position);
        var id = lease.Items[step.Position - 1].Id;
        var rows = tables.Steps.TryGetValue(id, out var known) ? known : tables.Steps[id] = new(StringComparer.Ordinal);
        if (!rows.TryGetValue(step.Name, out var row))
        {
            rows.Add(step.Name, row = new StepRow { Name = step.Name, Ordinal = step.Ordinal, StartedAt = step.StartedAt });
        }
        else if (row.FinishedAt is not null)
        {
            return StepEffect.Existing;
        }
        else if (row is { ChildId: { } child, Detached: false })
        {
            Orphan(child, $"its parent {id} no longer waits for it");
        }

        row.FinishedAt = step.FinishedAt;
        row.Failed = step.Failed;
        row.Result = step.Result;
        return StepEffect.Saved;
    }

    private void Begin(ExecutionRow parent, Dictionary<string, StepRow> rows, JsonElement wait)
    {
        JsonElement? child = wait.TryGetProperty("child", out var spec) ? spec : null;
        var row = new StepRow
        {
            Name = wait.GetProperty("name").GetString()!,
            Ordinal = wait.GetProperty("ordinal").GetInt32(),
            Kind = wait.GetProperty("kind").GetString()!,
            StartedAt = wait.GetProperty("started_at").GetDateTime().ToUniversalTime(),
            Group = wait.TryGetProperty("group", out var group) ? group.GetString() : null,
            Pending = wait.TryGetProperty("pending", out var pending) ? pending.GetInt32() : 0,
            Deadline = Deadline(wait),
            ChildId = child?.GetProperty("id").GetGuid(),
            Detached = child is { } c && c.TryGetProperty("detached", out var detached) && detached.GetBoolean(),
        };
        if (!rows.TryAdd(row.Name, row) || child is not { } given)
        {
            return;
        }

        var runAt = given.TryGetProperty("delay", out var delay) ? tables.Now.AddSeconds(delay.GetDouble()) : tables.Now;
        tables.Waiting.Add(new ExecutionRow
        {
            Id = row.ChildId!.Value,
            Queue = Queue(given),
            TaskKey = given.GetProperty("task").GetString()!,
            RunAt = runAt,
            CreatedAt = tables.Now,
            Payload = System.Text.Encoding.UTF8.GetBytes(given.GetProperty("payload").GetRawText()),
            Priority = given.TryGetProperty("priority", out var priority) ? priority.GetInt32() : 0,
            MaxAttempts = given.TryGetProperty("max_attempts", out var attempts) ? attempts.GetInt32() : null,
            TraceParent = given.TryGetProperty("trace_parent", out var trace) ? trace.GetString() : null,
            HasFlow = true,
            Parent = new ParentRow(parent.Id, parent.Queue, row.Name),
        });
        if (runAt <= tables.Now)
        {
            tables.Wake(Queue(given));
        }
    }

    private void Resolve(ParentRow parent, bool completed, byte[]? result)
    {
        if (!tables.Steps.TryGetValue(parent.Id, out var rows) || !rows.TryGetValue(parent.Step, out var step) || step.FinishedAt is not null)
        {
            return;
        }

        step.FinishedAt = tables.Now;
        step.Failed = !completed;
        step.Result = result;
        if (step.Group is { } name && rows.TryGetValue(name, out var group))
        {
            if (--group.Pending > 0)
            {
                return;
            }

            group.FinishedAt ??= tables.Now;
        }

        if (tables.Waiting.Find(parent.Id, parent.Queue) is { IsWaiting: true } waiting)
        {
            tables.Waiting.Replace(waiting, waiting with { RunAt = tables.Now, IsWaiting = false });
            tables.Wake(parent.Queue);
        }
    }

    private void Orphan(Guid child, string reason)
    {
        tables.Orphans.TryAdd(child, reason);
        if (tables.Orchestrators.Count > 0)
        {
            tables.Notifications.Add((null, tables.Orchestrators.Values.MaxBy(row => row.LastHeartbeatAt)!.Id));
        }
    }

    private IEnumerable<StepRow> Of(Guid executionId) =>
        tables.Steps.TryGetValue(executionId, out var rows) ? rows.Values.OrderBy(row => row.Ordinal).ThenBy(row => row.Name, StringComparer.Ordinal) : [];

    private DateTime? Deadline(JsonElement wait) =>
        wait.TryGetProperty("deadline", out var deadline) ? deadline.GetDateTime().ToUniversalTime()
        : wait.TryGetProperty("seconds", out var seconds) ? tables.Now.AddMicroseconds(Math.Round(seconds.GetDouble() * 1_000_000)) : null;

    private string Queue(JsonElement child) =>
        child.TryGetProperty("queue", out var queue) ? queue.GetString()!
        : tables.Tasks.TryGetValue(child.GetProperty("task").GetString()!, out var task) ? task.Queue : "default";

    private static byte[] Error(ExecutionRow row, ExecutionState state, string? reason)
    {
        var error = state == ExecutionState.Failed && !row.Errors.IsEmpty ? JsonNode.Parse(row.Errors[^1].GetRawText())!.AsObject() : new JsonObject { ["type"] = "Cancelled" };
        error["message"] = reason;
        error["execution"] = row.Id;
        error["cancelled"] = state == ExecutionState.Cancelled;
        return System.Text.Encoding.UTF8.GetBytes(error.ToJsonString());
    }

    private static void CheckName(string name)
    {
        if (name.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(name) > 400)
        {
            throw ServerErrors.Of("PC004", $"\"{name}\" cannot be the name of a step");
        }
    }
}
