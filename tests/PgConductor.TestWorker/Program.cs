// A process that runs executions, for tests that kill, freeze and signal it.
//
//   PgConductor.TestWorker connection=… [queue=Q] [task=KEY] [handler=noop|slow|gate|stubborn|steps|event|inside|suicide|batch|batch-noop] [slow=MS]
//                          [heartbeat=MS] [takeover=MS] [drain=MS] [cancel=MS] [concurrency=N] [maxAttempts=N] [listen=false] [keepLogs=true] [limit=N] [limitedTask=KEY]
//
// It prints "ready ID" when it claims, a line for every start, end and cancellation of a handler, "rejected N" and
// "fenced" when the engine counts these, and "stopped" at a graceful end. A line "open" on its input opens the gate.
using System.Diagnostics.Metrics;
using PgConductor;
using PgConductor.Client;
using PgConductor.Orchestration;
using PgConductor.TestWorker;

var settings = WorkerSettings.Parse(args);
var handlers = new Handlers(settings);
using var meters = new MeterListener
{
    InstrumentPublished = (instrument, listener) =>
    {
        if (instrument.Name is "pgconductor.executions.settled" or "pgconductor.steps.stored" or "pgconductor.orchestrators.fenced")
        {
            listener.EnableMeasurementEvents(instrument);
        }
    },
};
meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
{
    if (instrument.Name == "pgconductor.orchestrators.fenced")
    {
        Handlers.Say("fenced");
        return;
    }

    foreach (var tag in tags)
    {
        if (tag.Key == "effect" && tag.Value is "rejected")
        {
            Handlers.Say(instrument.Name == "pgconductor.steps.stored" ? "steprejected" : $"rejected {value}");
        }
    }
});
meters.Start();

var options = new TaskOptions { Queue = settings.Queue, MaxAttempts = settings.MaxAttempts, Backoff = [TimeSpan.FromMilliseconds(100)] };
var limits = settings.Limit is { } most ? new TaskLimits { Concurrency = most } : null;
var task = TaskDefinition.Create<int>(settings.Task, options with { Limits = settings.LimitedTask is null ? limits : null, Batch = settings.Batch });
var tasks = settings.Batch is null ? new TaskCollection().Add(task, handlers.RunAsync) : new TaskCollection().AddBatch(task, handlers.RunBatchAsync);
if (settings.LimitedTask is { } limited)
{
    tasks.Add(TaskDefinition.Create<int>(limited, options with { Limits = limits }), handlers.RunAsync);
}

await using var conductor = new Conductor(new ConductorOptions { ConnectionString = settings.ConnectionString });
await using var orchestrator = new Orchestrator(
    conductor,
    tasks,
    new OrchestratorOptions
    {
        Worker = new WorkerOptions { Concurrency = settings.Concurrency },
        Heartbeat = settings.Heartbeat,
        Takeover = settings.Takeover,
        DrainTimeout = settings.Drain,
        CancelTimeout = settings.Cancel,
        Listen = settings.Listen,
        Logs = new ExecutionLogOptions { Keep = settings.KeepLogs ? Retention.For(TimeSpan.FromDays(1)) : null, FlushInterval = TimeSpan.FromMilliseconds(50) },
    });
handlers.OrchestratorId = orchestrator.Id;
var running = orchestrator.RunAsync();
_ = Task.Run(async () =>
{
    while (await Console.In.ReadLineAsync() is { } line)
    {
        if (line == "open")
        {
            handlers.Open();
        }
    }
});

// Whichever comes first: an error at the start is this process's end.
await await Task.WhenAny(running, Started());
Handlers.Say($"ready {orchestrator.Id}");
await running;
Handlers.Say("stopped");

async Task Started()
{
    while (!await IsStarted())
    {
        await Task.Delay(20);
    }
}

async Task<bool> IsStarted()
{
    try
    {
        return (await conductor.ListOrchestratorsAsync()).Any(known => known.Id == orchestrator.Id && known.Queues.Contains(settings.Queue));
    }
    catch (ConductorException exception) when (exception.Code == ConductorErrorCode.Schema)
    {
        // It is being installed.
        return false;
    }
}
