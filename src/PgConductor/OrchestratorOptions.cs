namespace PgConductor;

/// <summary>Settings of one process that runs executions.</summary>
/// <remarks>Copied when the orchestrator is made. <see cref="Validate()"/> lists every fault at once.</remarks>
public sealed record OrchestratorOptions
{
    /// <summary>The queues to serve, with each worker's settings. Queues of the tasks that are not named here are served with <see cref="Worker"/>.</summary>
    /// <value>Default empty.</value>
    public IReadOnlyDictionary<string, WorkerOptions> Queues { get; init; } = new Dictionary<string, WorkerOptions>(StringComparer.Ordinal);

    /// <summary>Serves only the queues named in <see cref="Queues"/>; off: the queues of the tasks too.</summary>
    /// <value>Default false. With true, <see cref="Queues"/> must name at least one.</value>
    public bool OnlyNamedQueues { get; init; }

    /// <summary>The settings of workers that are not named in <see cref="Queues"/>.</summary>
    public WorkerOptions Worker { get; init; } = new();

    /// <summary>How often the process says that it is alive.</summary>
    /// <value>Default 5 s; 50 ms to 10 min, and at most a third of <see cref="Takeover"/>.</value>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a process may be silent before others take its work over. Give all processes the same.</summary>
    /// <value>Default 30 s; 200 ms to 1 h.</value>
    public TimeSpan Takeover { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a graceful stop waits for running handlers before it cancels them.</summary>
    /// <value>Default 30 s; 0 to 1 day.</value>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a stop then waits for cancelled handlers to return. What has not returned stays leased: nobody else starts it before the takeover time.</summary>
    /// <value>Default 5 s; 0 to 1 h.</value>
    public TimeSpan CancelTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Uses LISTEN to be woken and signalled at once. Off: polling only.</summary>
    /// <value>Default true; taken as false with <see cref="ConductorOptions.TransactionPooler"/>.</value>
    public bool Listen { get; init; } = true;

    /// <summary>Installs or upgrades the schema at start. Off: the start fails when the schema is not there.</summary>
    /// <value>Default true.</value>
    public bool Migrate { get; init; } = true;

    /// <summary>Names the process in the list of orchestrators.</summary>
    /// <value>Default null: host name and process id.</value>
    public string? Name { get; init; }

    /// <summary>Names the service that declares the schedules of <see cref="TaskCollection.Schedule"/> and the subscriptions of <see cref="TaskCollection.Subscribe"/>: those that it declared before and no longer does are removed at start. Give all its processes the same, and no two services.</summary>
    /// <value>Default null: declares nothing. 1 to 200 bytes, no control characters.</value>
    public string? Service { get; init; }

    /// <summary>How log lines of executions are kept in the database.</summary>
    /// <value>Default: those of tasks that ask for it (<see cref="TaskOptions.KeepLogs"/>).</value>
    public ExecutionLogOptions Logs { get; init; } = new();

    /// <summary>Finds every fault of the settings with these tasks.</summary>
    internal IReadOnlyList<string> Validate(TaskCollection tasks)
    {
        var faults = new List<string>(Validate());
        if (tasks.Definitions.Count == 0)
        {
            faults.Add("there is no task to run: add at least one to the TaskCollection");
        }

        if (tasks.Schedules.Count > 0 && Service is null)
        {
            faults.Add("schedules are declared and Service is not set: name the service whose schedules they are, the same in all its processes");
        }

        if (tasks.Subscriptions.Count > 0 && Service is null)
        {
            faults.Add("tasks are subscribed to events and Service is null: name the service, so that what it no longer declares can be removed");
        }

        return faults;
    }

    /// <summary>Finds every fault of the settings.</summary>
    /// <returns>One sentence a fault; empty when all is well.</returns>
    public IReadOnlyList<string> Validate()
    {
        var faults = new List<string>();
        Worker.Validate("*", faults);
        Logs.Validate(faults);
        foreach (var (queue, options) in Queues)
        {
            options.Validate(queue, faults);
        }

        if (OnlyNamedQueues && Queues.Count == 0)
        {
            faults.Add("OnlyNamedQueues is set and Queues is empty: name the queues to serve");
        }

        if (Heartbeat < TimeSpan.FromMilliseconds(50) || Heartbeat > TimeSpan.FromMinutes(10))
        {
            faults.Add($"Heartbeat {Heartbeat} must be 50 ms to 10 min");
        }

        if (Takeover < TimeSpan.FromMilliseconds(200) || Takeover > TimeSpan.FromHours(1))
        {
            faults.Add($"Takeover {Takeover} must be 200 ms to 1 h");
        }

        if (Heartbeat * 3 > Takeover)
        {
            faults.Add($"Heartbeat {Heartbeat} must be at most a third of Takeover {Takeover}, or one lost beat costs all work in hand");
        }

        if (DrainTimeout < TimeSpan.Zero || DrainTimeout > TimeSpan.FromDays(1))
        {
            faults.Add($"DrainTimeout {DrainTimeout} must be 0 to 1 day");
        }

        if (CancelTimeout < TimeSpan.Zero || CancelTimeout > TimeSpan.FromHours(1))
        {
            faults.Add($"CancelTimeout {CancelTimeout} must be 0 to 1 h");
        }

        if (Service is { } service && (service.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(service) > 200 || service.Any(char.IsControl) || StorableText.FindFault(service) is not null))
        {
            faults.Add($"Service \"{service}\" must be 1 to 200 bytes of valid text without control characters");
        }

        return faults;
    }
}
