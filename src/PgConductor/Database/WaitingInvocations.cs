namespace PgConductor.Database;

/// <summary>Invokes that wait for a lane, by task; the task that has waited longest is first. Not thread-safe.</summary>
internal sealed class WaitingInvocations
{
    private readonly LinkedList<Queue<WaitingInvocation>> _groups = [];
    private readonly Dictionary<string, LinkedListNode<Queue<WaitingInvocation>>> _groupOf = new(StringComparer.Ordinal);

    public bool IsEmpty => _groups.Count == 0;

    public void Add(WaitingInvocation waiter)
    {
        if (!_groupOf.TryGetValue(waiter.Invocation.TaskKey, out var group))
        {
            group = _groups.AddLast(new Queue<WaitingInvocation>());
            _groupOf.Add(waiter.Invocation.TaskKey, group);
        }

        group.Value.Enqueue(waiter);
    }

    /// <summary>Up to so many of one task, in the order they came, without those whose callers have given up. Null: nobody waits.</summary>
    public IReadOnlyList<WaitingInvocation>? Take(int most)
    {
        while (_groups.First is { } group)
        {
            if (Take(group, most) is { } batch)
            {
                return batch;
            }
        }

        return null;
    }

    /// <summary>As <see cref="Take(int)"/>, of a task that is none of these.</summary>
    public IReadOnlyList<WaitingInvocation>? TakeOther(Dictionary<string, int> tasks, int most)
    {
        for (var group = _groups.First; group is not null;)
        {
            var next = group.Next;
            if (!tasks.ContainsKey(group.Value.Peek().Invocation.TaskKey) && Take(group, most) is { } batch)
            {
                return batch;
            }

            group = next;
        }

        return null;
    }

    private List<WaitingInvocation>? Take(LinkedListNode<Queue<WaitingInvocation>> group, int most)
    {
        List<WaitingInvocation>? batch = null;
        var task = group.Value.Peek().Invocation.TaskKey;
        while (batch?.Count != most && group.Value.TryDequeue(out var waiter))
        {
            if (!waiter.HasEnded)
            {
                (batch ??= new List<WaitingInvocation>(Math.Min(group.Value.Count + 1, most))).Add(waiter);
            }
        }

        _groups.Remove(group);
        if (group.Value.Count > 0)
        {
            _groups.AddLast(group);
        }
        else
        {
            _groupOf.Remove(task);
        }

        return batch;
    }
}
