namespace PgConductor.TestSupport.InMemory;

/// <summary>The table of executions: by id and queue, and in the order of a claim.</summary>
internal sealed class WaitingRows
{
    private static readonly IComparer<ExecutionRow> _claimOrder = Comparer<ExecutionRow>.Create(static (left, right) =>
        left.Priority != right.Priority ? right.Priority.CompareTo(left.Priority)
        : left.RunAt != right.RunAt ? left.RunAt.CompareTo(right.RunAt)
        : left.Sequence.CompareTo(right.Sequence));

    private readonly Dictionary<(Guid Id, string Queue), ExecutionRow> _byId = [];
    private readonly Dictionary<string, SortedSet<ExecutionRow>> _byQueue = new(StringComparer.Ordinal);
    private long _sequence;

    public IEnumerable<ExecutionRow> All => _byId.Values;

    /// <summary>A queue's rows: highest priority first, then by time.</summary>
    public IReadOnlyCollection<ExecutionRow> Of(string queue) => _byQueue.TryGetValue(queue, out var rows) ? rows : [];

    public ExecutionRow? Find(Guid id, string queue) => _byId.GetValueOrDefault((id, queue));

    public ExecutionRow? Find(Guid id) => _byId.Values.FirstOrDefault(row => row.Id == id);

    /// <summary>False: the id waits in this queue already.</summary>
    public bool Add(ExecutionRow row)
    {
        row = row with { Sequence = ++_sequence };
        if (!_byId.TryAdd((row.Id, row.Queue), row))
        {
            return false;
        }

        if (!_byQueue.TryGetValue(row.Queue, out var rows))
        {
            _byQueue.Add(row.Queue, rows = new SortedSet<ExecutionRow>(_claimOrder));
        }

        return rows.Add(row);
    }

    public void Remove(ExecutionRow row)
    {
        _byId.Remove((row.Id, row.Queue));
        _byQueue[row.Queue].Remove(row);
    }

    public void Replace(ExecutionRow old, ExecutionRow row)
    {
        Remove(old);
        Add(row);
    }
}
