using PgConductor.Client;
using PgConductor.Database;

namespace PgConductor.TestSupport.InMemory;

/// <summary>invoke and invoke_batch.</summary>
internal sealed class Invocations(Tables tables)
{
    public InvokeOutcome Invoke(Invocation invocation, DedupePolicy policy) => Invoke(invocation, policy, tables.Now, 0);

    /// <summary>invoke_and_claim, of one that cannot be claimed at once.</summary>
    public Claim Enqueue(Invocation invocation)
    {
        Invoke(invocation, DedupePolicy.ReturnExisting);
        return Claim.Empty;
    }

    /// <summary>All or none; executions that are due now keep their order by a microsecond each, up to now.</summary>
    public IReadOnlyList<InvokeOutcome> InvokeMany(IReadOnlyList<Invocation> invocations, DedupePolicy policy)
    {
        var now = tables.Now;
        var oneByOne = invocations.Any(invocation => invocation.DedupeKey is not null || invocation.Pace is not null || invocation.MayBeKnown);
        tables.Undo = new Stack<Action>();
        try
        {
            var outcomes = new List<InvokeOutcome>(invocations.Count);
            for (var i = 0; i < invocations.Count; i++)
            {
                var outcome = Invoke(invocations[i], policy, now, oneByOne ? 0 : i + 1 - invocations.Count);
                outcomes.Add(oneByOne || outcome.Disposition == InvokeDisposition.Created
                    ? outcome
                    : throw ServerErrors.Of("23505", "duplicate key value violates unique constraint"));
            }

            return outcomes;
        }
        catch
        {
            while (tables.Undo.TryPop(out var undo))
            {
                undo();
            }

            tables.Notifications.Clear();
            throw;
        }
        finally
        {
            tables.Undo = null;
        }
    }

    public static void Check(Invocation invocation)
    {
        if (invocation.Priority is < -100 or > 100)
        {
            throw ServerErrors.Of("PC004", $"priority {invocation.Priority} is out of range");
        }

        if (invocation.MaxAttempts is < 1 or > 32767)
        {
            throw ServerErrors.Of("PC004", $"max attempts {invocation.MaxAttempts} is out of range");
        }

        // The driver sends the ends of .NET's time as the database's infinities.
        if (invocation.RunAt?.UtcDateTime is { } runAt && (runAt == DateTime.MaxValue || runAt == DateTime.MinValue))
        {
            throw ServerErrors.Of("PC004", $"run at {runAt:o} is out of range");
        }

        if (invocation.DedupeKey is { } key && (key.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(key) > 1000))
        {
            throw ServerErrors.Of("PC004", $"a dedupe key of {System.Text.Encoding.UTF8.GetByteCount(key)} bytes is not possible");
        }
    }

    private InvokeOutcome Invoke(Invocation invocation, DedupePolicy policy, DateTime now, int microseconds)
    {
        ServerErrors.CheckJson(invocation.Payload);
        var known = tables.Tasks.GetValueOrDefault(invocation.TaskKey);
        var queue = invocation.Queue ?? known?.Queue ?? "default";
        tables.EnsureTask(invocation.TaskKey, queue);
        Check(invocation);
        if (invocation.Pace is not null)
        {
            return new Paces(tables, IsKnown, (plain, at) => Invoke(plain with { RunAt = at }, policy, now, microseconds), Replace).Invoke(invocation, now);
        }

        var runAt = invocation.RunAt?.UtcDateTime is { } wanted && wanted > now ? Truncate(wanted) : now.AddMicroseconds(microseconds);
        var row = new ExecutionRow
        {
            Id = invocation.Id,
            Queue = queue,
            TaskKey = invocation.TaskKey,
            RunAt = runAt,
            CreatedAt = now,
            Payload = invocation.Payload,
            Priority = invocation.Priority,
            MaxAttempts = invocation.MaxAttempts,
            DedupeKey = invocation.DedupeKey,
            TraceParent = invocation.TraceParent,
        };

        var outcome = invocation.MayBeKnown && IsKnown(row.Id)
            ? new InvokeOutcome(row.Id, InvokeDisposition.Existing)
            : row.DedupeKey is null ? new InvokeOutcome(row.Id, InvokeDisposition.Created) : TakeKey(row, policy);
        if (outcome.Disposition == InvokeDisposition.Created && !Add(row))
        {
            outcome = outcome with { Disposition = InvokeDisposition.Existing };
        }

        if (outcome.Disposition != InvokeDisposition.Existing && runAt <= now)
        {
            tables.Wake(queue);
        }

        return outcome;
    }

    private InvokeOutcome TakeKey(ExecutionRow row, DedupePolicy policy)
    {
        var key = (row.TaskKey, row.DedupeKey!);
        if (!tables.DedupeKeys.TryGetValue(key, out var holder))
        {
            SetKey(key, (row.Id, row.Queue));
            return new InvokeOutcome(row.Id, InvokeDisposition.Created);
        }

        if (holder.Id == row.Id)
        {
            return new InvokeOutcome(row.Id, tables.Waiting.Find(row.Id, holder.Queue) is null && !IsLeased(row.Id) ? InvokeDisposition.Created : InvokeDisposition.Existing);
        }

        switch (policy)
        {
            case DedupePolicy.Reject:
                throw ServerErrors.Of("PC003", $"dedupe key \"{row.DedupeKey}\" of task \"{row.TaskKey}\" is taken by execution {holder.Id}");
            case DedupePolicy.ReplacePending when tables.Waiting.Find(holder.Id, holder.Queue) is { HasFlow: false } waiting:
                Replace(waiting, waiting with { Payload = row.Payload, RunAt = row.RunAt, Priority = row.Priority, MaxAttempts = row.MaxAttempts });
                return new InvokeOutcome(holder.Id, InvokeDisposition.Replaced);
            case DedupePolicy.ReplacePending:
                SetKey(key, (row.Id, row.Queue));
                return new InvokeOutcome(row.Id, InvokeDisposition.Created);
            default:
                return new InvokeOutcome(holder.Id, InvokeDisposition.Existing);
        }
    }

    private bool Add(ExecutionRow row)
    {
        if (!tables.Waiting.Add(row))
        {
            return false;
        }

        tables.Undo?.Push(() => tables.Waiting.Remove(tables.Waiting.Find(row.Id, row.Queue)!));
        return true;
    }

    private void Replace(ExecutionRow old, ExecutionRow row)
    {
        tables.Waiting.Replace(old, row);
        tables.Undo?.Push(() => tables.Waiting.Replace(tables.Waiting.Find(row.Id, row.Queue)!, old));
    }

    private void SetKey((string TaskKey, string Key) key, (Guid Id, string Queue) holder)
    {
        var had = tables.DedupeKeys.TryGetValue(key, out var before);
        tables.DedupeKeys[key] = holder;
        tables.Undo?.Push(() =>
        {
            if (had)
            {
                tables.DedupeKeys[key] = before;
            }
            else
            {
                tables.DedupeKeys.Remove(key);
            }
        });
    }

    private bool IsLeased(Guid id) => tables.Leases.Values.Any(lease => lease.Items.Any(item => item.Id == id));

    private bool IsKnown(Guid id) => tables.Waiting.Find(id) is not null || IsLeased(id) || tables.History.Exists(row => row.Execution.Id == id);

    private static DateTime Truncate(DateTime time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
}
