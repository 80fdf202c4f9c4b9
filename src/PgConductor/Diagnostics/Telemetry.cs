using System.Diagnostics;
using System.Diagnostics.Metrics;
using PgConductor.Database;

namespace PgConductor.Diagnostics;

/// <summary>Metrics and traces: the names in docs/reference/telemetry.md are a contract.</summary>
/// <remarks>Thread-safe. One for the process: a Meter and an ActivitySource named "PgConductor".</remarks>
internal static class Telemetry
{
    public const string Name = "PgConductor";

    private static readonly Meter _meter = new(Name);
    private static readonly Counter<long> _enqueued = _meter.CreateCounter<long>("pgconductor.executions.enqueued", "{execution}", "Executions enqueued by this process.");
    private static readonly Counter<long> _claimed = _meter.CreateCounter<long>("pgconductor.executions.claimed", "{execution}", "Executions claimed.");
    private static readonly Counter<long> _settled = _meter.CreateCounter<long>("pgconductor.executions.settled", "{execution}", "Outcomes recorded, by effect: completed, retried, failed, released, suspended, cancelled, rejected.");
    private static readonly Counter<long> _steps = _meter.CreateCounter<long>("pgconductor.steps.stored", "{step}", "Steps stored, by effect: saved, existing, rejected.");
    private static readonly Counter<long> _emitted = _meter.CreateCounter<long>("pgconductor.events.emitted", "{event}", "Events emitted by this process.");
    private static readonly Counter<long> _eventFailures = _meter.CreateCounter<long>("pgconductor.events.failed", "{failure}", "Subscribers and waits that an event could not reach, each reported by one process.");
    private static readonly Counter<long> _rescued = _meter.CreateCounter<long>("pgconductor.executions.rescued", "{execution}", "Executions taken over from processes that stopped answering.");
    private static readonly Counter<long> _fenced = _meter.CreateCounter<long>("pgconductor.orchestrators.fenced", "{time}", "Times this process found that it had been taken over.");
    private static readonly Counter<long> _databaseErrors = _meter.CreateCounter<long>("pgconductor.database.errors", "{error}", "Database errors of the engine's loops, by operation and code.");
    private static readonly Histogram<double> _claimDuration = _meter.CreateHistogram<double>("pgconductor.claim.duration", "s", "Time of a claim that found work.");
    private static readonly Histogram<double> _flushDuration = _meter.CreateHistogram<double>("pgconductor.flush.duration", "s", "Time of a flush of results.");
    private static readonly Histogram<double> _runDuration = _meter.CreateHistogram<double>("pgconductor.execution.duration", "s", "Time a handler ran.");
    private static readonly Histogram<int> _batchSize = _meter.CreateHistogram<int>("pgconductor.batch.size", "{execution}", "Executions that a batch handler got at once.");
    private static readonly UpDownCounter<long> _running = _meter.CreateUpDownCounter<long>("pgconductor.executions.running", "{execution}", "Handlers running now.");

    public static ActivitySource Activities { get; } = new(Name);

    public static bool MeasuresRuns => _runDuration.Enabled || _running.Enabled;

    public static void Enqueued(int count, string taskKey) => _enqueued.Add(count, new KeyValuePair<string, object?>("task", taskKey));

    public static void Claimed(int count, string queue, TimeSpan took)
    {
        var tag = new KeyValuePair<string, object?>("queue", queue);
        _claimed.Add(count, tag);
        _claimDuration.Record(took.TotalSeconds, tag);
    }

    public static void Settled(int count, string queue, Effect effect) =>
        _settled.Add(count, new("queue", queue), new("effect", EffectName(effect)));

    public static void Flushed(string queue, TimeSpan took) => _flushDuration.Record(took.TotalSeconds, new KeyValuePair<string, object?>("queue", queue));

    public static void Stepped(string taskKey, StepEffect effect) =>
        _steps.Add(1, new("task", taskKey), new("effect", effect switch { StepEffect.Saved => "saved", StepEffect.Existing => "existing", _ => "rejected" }));

    public static void Emitted(int count) => _emitted.Add(count);

    public static void EventFailed(string? taskKey) => _eventFailures.Add(1, new KeyValuePair<string, object?>("task", taskKey));

    public static void Rescued(int count) => _rescued.Add(count);

    public static void Fenced() => _fenced.Add(1);

    public static void DatabaseError(string operation, Exception exception) =>
        _databaseErrors.Add(1, new("operation", operation), new("code", exception is ConductorException conductor ? conductor.Code : exception.GetType().Name));

    public static void RunStarted(string taskKey) => _running.Add(1, new KeyValuePair<string, object?>("task", taskKey));

    public static void BatchStarted(string taskKey, int size) => _batchSize.Record(size, new KeyValuePair<string, object?>("task", taskKey));

    public static void RunEnded(string taskKey, TimeSpan took)
    {
        var tag = new KeyValuePair<string, object?>("task", taskKey);
        _running.Add(-1, tag);
        _runDuration.Record(took.TotalSeconds, tag);
    }

    private static string EffectName(Effect effect) => effect switch
    {
        Effect.Completed => "completed",
        Effect.Retried => "retried",
        Effect.Failed => "failed",
        Effect.Released => "released",
        Effect.Cancelled => "cancelled",
        Effect.Suspended => "suspended",
        _ => "rejected",
    };
}
