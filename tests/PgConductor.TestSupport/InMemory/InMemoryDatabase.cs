namespace PgConductor.TestSupport.InMemory;

/// <summary>What the clients of one in-memory database share: the tables and their functions, the idle and the listening.</summary>
/// <remarks>Thread-safe: one statement at a time; notifications are delivered after it, outside the lock.</remarks>
internal sealed class InMemoryDatabase
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _idle = new(StringComparer.Ordinal);
    private readonly List<Listener> _listeners = [];

    public InMemoryDatabase(TimeProvider timeProvider)
    {
        Tables = new Tables(timeProvider);
        Settlements = new Settlements(Tables);
        Invocations = new Invocations(Tables);
        Events = new Events(Tables, Invocations);
        Claims = new Claims(Tables);
        Executions = new Executions(Tables);
        Queues = new Queues(Tables, Executions);
        Schedules = new ScheduleTable(Tables, Invocations);
        Processes = new Processes(Tables, Queues, Settlements, Executions, Schedules);
    }

    public Tables Tables { get; }

    public Invocations Invocations { get; }

    public Events Events { get; }

    public Claims Claims { get; }

    public Settlements Settlements { get; }

    public Executions Executions { get; }

    public Processes Processes { get; }

    public Queues Queues { get; }

    public ScheduleTable Schedules { get; }

    public Logs Logs { get; } = new();

    public T Run<T>(Func<InMemoryDatabase, T> statement)
    {
        List<Action> hints = [];
        T result;
        lock (_gate)
        {
            Tables.Notifications.Clear();
            result = statement(this);
            foreach (var (queue, orchestrator) in Tables.Notifications.Distinct())
            {
                foreach (var listener in _listeners)
                {
                    if (queue is not null ? listener.Queues.Contains(queue) && _idle.GetValueOrDefault(queue) > 0 : orchestrator is null || listener.OrchestratorId == orchestrator)
                    {
                        hints.Add(() => listener.OnHint(queue ?? "signal"));
                    }
                }
            }
        }

        hints.ForEach(hint => hint());
        return result;
    }

    public void AddIdle(string queue, int count)
    {
        lock (_gate)
        {
            _idle[queue] = _idle.GetValueOrDefault(queue) + count;
        }
    }

    public IAsyncDisposable Listen(Guid orchestratorId, IReadOnlyCollection<string> queues, Action<string?> onHint)
    {
        var listener = new Listener(this, orchestratorId, queues, onHint);
        lock (_gate)
        {
            _listeners.Add(listener);
        }

        return listener;
    }

    /// <summary>The listening connections were cut and made anew: hints may have been lost.</summary>
    public void ReconnectListeners()
    {
        Listener[] listeners;
        lock (_gate)
        {
            listeners = [.. _listeners];
        }

        Array.ForEach(listeners, listener => listener.OnHint(null));
    }

    private sealed class Listener(InMemoryDatabase database, Guid orchestratorId, IReadOnlyCollection<string> queues, Action<string?> onHint) : IAsyncDisposable
    {
        public Guid OrchestratorId => orchestratorId;

        public IReadOnlyCollection<string> Queues => queues;

        public Action<string?> OnHint => onHint;

        public ValueTask DisposeAsync()
        {
            lock (database._gate)
            {
                database._listeners.Remove(this);
            }

            return default;
        }
    }
}
