using PgConductor.Client;
using PgConductor.Database;

namespace PgConductor.TestSupport.InMemory;

/// <summary>A row of paces.</summary>
internal sealed record PaceRow(Guid ExecutionId, string Queue, DateTime OpenedAt, DateTime ClosesAt)
{
    public IReadOnlyList<Guid> Recent { get; init; } = [];
}

/// <summary>_invoke_paced: which invokes of a window or a burst become executions.</summary>
/// <param name="tables">The state.</param>
/// <param name="isKnown">Whether an execution of an id waits, runs or is kept.</param>
/// <param name="create">Enqueues an execution for a time; null: now.</param>
/// <param name="replace">Gives a waiting execution another payload and time.</param>
internal sealed class Paces(Tables tables, Func<Guid, bool> isKnown, Func<Invocation, DateTimeOffset?, InvokeOutcome> create, Action<ExecutionRow, ExecutionRow> replace)
{
    public InvokeOutcome Invoke(Invocation invocation, DateTime now)
    {
        var pace = invocation.Pace!;
        Check(invocation, pace);
        if (invocation.MayBeKnown && isKnown(invocation.Id))
        {
            return new InvokeOutcome(invocation.Id, InvokeDisposition.Existing);
        }

        var key = (invocation.TaskKey, pace.Key ?? "", pace.IsThrottle, pace.Edge);
        var row = tables.Paces.GetValueOrDefault(key);
        if (row is not null && invocation.MayBeKnown && row.Recent.Contains(invocation.Id))
        {
            return new InvokeOutcome(row.ExecutionId, InvokeDisposition.Existing);
        }

        var trailing = pace.Edge == PaceEdge.Trailing;
        var open = row is not null && (row.ClosesAt > now || (!pace.IsThrottle && trailing));
        var closes = pace.IsThrottle && open ? row!.ClosesAt : now + pace.Length;
        if (!pace.IsThrottle && open && pace.MaxWait is { } longest && row!.OpenedAt + longest < closes)
        {
            closes = row.OpenedAt + longest;
        }

        InvokeOutcome outcome;
        var queue = row?.Queue ?? "";
        if (open && !trailing)
        {
            outcome = new InvokeOutcome(row!.ExecutionId, invocation.Id == row.ExecutionId ? InvokeDisposition.Existing : InvokeDisposition.Dropped);
        }
        else if (open && tables.Waiting.Find(row!.ExecutionId, row.Queue) is { HasFlow: false, Attempts: 0 } waiting)
        {
            replace(waiting, waiting with { Payload = invocation.Payload, RunAt = closes, Priority = invocation.Priority, MaxAttempts = invocation.MaxAttempts });
            outcome = new InvokeOutcome(row.ExecutionId, InvokeDisposition.Replaced);
        }
        else
        {
            if (!pace.IsThrottle)
            {
                (open, closes) = (false, now + pace.Length);
            }

            outcome = create(invocation with { Pace = null, MayBeKnown = false }, trailing ? new DateTimeOffset(closes, TimeSpan.Zero) : null);
            queue = invocation.Queue ?? tables.Tasks[invocation.TaskKey].Queue;
        }

        if (outcome.Disposition != InvokeDisposition.Existing && !(outcome.Disposition == InvokeDisposition.Dropped && pace.IsThrottle))
        {
            Set(key, new PaceRow(outcome.Id, queue, open ? row!.OpenedAt : now, closes) { Recent = [.. (row?.Recent ?? []).TakeLast(31), invocation.Id] }, row);
        }

        return outcome;
    }

    private void Set((string, string, bool, PaceEdge) key, PaceRow row, PaceRow? before)
    {
        tables.Paces[key] = row;
        tables.Undo?.Push(() =>
        {
            if (before is null)
            {
                tables.Paces.Remove(key);
            }
            else
            {
                tables.Paces[key] = before;
            }
        });
    }

    private static void Check(Invocation invocation, Pace pace)
    {
        if (invocation.RunAt is not null || invocation.DedupeKey is not null)
        {
            throw ServerErrors.Of("PC004", "a throttle or a debounce decides by itself when an execution runs and how many there are");
        }

        if (pace.Length < TimeSpan.FromMilliseconds(1) || pace.Length > TimeSpan.FromDays(366))
        {
            throw ServerErrors.Of("PC004", $"a length of {pace.Length} is out of range");
        }

        if (pace.Key is { } key && (key.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(key) > 1000))
        {
            throw ServerErrors.Of("PC004", $"a pace key of {System.Text.Encoding.UTF8.GetByteCount(key)} bytes is not possible");
        }

        if (pace.MaxWait is { } wait && (pace.IsThrottle || wait < pace.Length || wait > TimeSpan.FromDays(366)))
        {
            throw ServerErrors.Of("PC004", $"a longest wait of {wait} is not possible");
        }
    }
}
