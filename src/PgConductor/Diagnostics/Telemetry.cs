using System.Collections.Concurrent;
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

    private static readonly Counter<long> _attempts = _meter.CreateCounter<long>("pgconductor.executions.attempts", "{attempt}", "Runs of handlers begun, retries and runs after a wait included.");
    private static readonly Counter<long> _exhausted = _meter.CreateCounter<long>("pgconductor.executions.exhausted", "{execution}", "Executions dead-lettered by a takeover: their process died in their last attempt.");
    private static readonly Counter<long> _ticks = _meter.CreateCounter<long>("pgconductor.schedules.runs", "{run}", "Runs of schedules enqueued by this process.");
    private static readonly Counter<long> _missed = _meter.CreateCounter<long>("pgconductor.schedules.missed", "{time}", "Times this process found runs of a schedule missed that are not made up for.");
    private static readonly Counter<long> _scheduleFaults = _meter.CreateCounter<long>("pgconductor.schedules.faults", "{fault}", "Schedules that could not be read or enqueued, each time they were tried.");
    private static readonly Counter<long> _logsKept = _meter.CreateCounter<long>("pgconductor.logs.kept", "{line}", "Log lines stored with their executions.");
    private static readonly Counter<long> _logsDropped = _meter.CreateCounter<long>("pgconductor.logs.dropped", "{line}", "Log lines not stored, by reason: limit (of the run), full (too many wait), late, refused, stopped, unreadable.");
    private static readonly Counter<long> _maintenance = _meter.CreateCounter<long>("pgconductor.maintenance.runs", "{run}", "Housekeeping of the history, by result: done, skipped (some lock was not to be had), failed.");
    private static readonly Counter<long> _partitions = _meter.CreateCounter<long>("pgconductor.maintenance.partitions", "{partition}", "Partitions of the history, by action: created, dropped.");
    private static readonly ConcurrentDictionary<GaugeSource, bool> _sources = new();
    private static readonly ObservableGauge<long> _depth = _meter.CreateObservableGauge("pgconductor.queue.depth", () => Read(static source => source.Depths()), "{execution}", "Executions that wait, by state: ready, scheduled, waiting; at most 100000 of a queue are counted.");
    private static readonly ObservableGauge<double> _due = _meter.CreateObservableGauge("pgconductor.queue.oldest_due", () => Read(static source => source.OldestDue()), "s", "How long the oldest execution that may run has been due.");
    private static readonly ObservableGauge<long> _leases = _meter.CreateObservableGauge("pgconductor.leases", () => Read(static source => source.Leases()), "{lease}", "Leases this process holds.");
    private static readonly ObservableGauge<double> _horizon = _meter.CreateObservableGauge("pgconductor.horizon.age", () => Read(static source => source.HorizonAge()), "s", "Age of the oldest transaction that keeps deleted rows from being cleaned up; 0: there is none.");
    private static readonly ObservableGauge<long> _overdue = _meter.CreateObservableGauge("pgconductor.maintenance.overdue", () => Read(static source => source.Overdue()), "{partition}", "Partitions of the history whose day is over and that are still there.");

    public static ActivitySource Activities { get; } = new(Name);

    public static bool MeasuresRuns => _runDuration.Enabled || _running.Enabled || _attempts.Enabled;

    /// <summary>Whether anybody listens to what has to be asked of the database.</summary>
    public static bool MeasuresDatabase => _depth.Enabled || _due.Enabled || _horizon.Enabled || _overdue.Enabled;

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

    public static void Rescued(int count, int exhausted)
    {
        _rescued.Add(count);
        _exhausted.Add(exhausted);
    }

    public static void Ticked(int runs, string taskKey)
    {
        _ticks.Add(runs, new KeyValuePair<string, object?>("task", taskKey));
        Enqueued(runs, taskKey);
    }

    public static void TicksMissed(string taskKey) => _missed.Add(1, new KeyValuePair<string, object?>("task", taskKey));

    public static void ScheduleFailed(string taskKey) => _scheduleFaults.Add(1, new KeyValuePair<string, object?>("task", taskKey));

    public static void LogsKept(long count) => _logsKept.Add(count);

    public static void LogsDropped(int count, string reason)
    {
        if (count > 0)
        {
            _logsDropped.Add(count, new KeyValuePair<string, object?>("reason", reason));
        }
    }

    /// <param name="report">Null: it failed.</param>
    public static void Maintained(MaintenanceReport? report)
    {
        _maintenance.Add(1, new KeyValuePair<string, object?>("result", report switch { null => "failed", { Skipped: > 0 } => "skipped", _ => "done" }));
        _partitions.Add(report?.Created ?? 0, new KeyValuePair<string, object?>("action", "created"));
        _partitions.Add(report?.Dropped ?? 0, new KeyValuePair<string, object?>("action", "dropped"));
    }

    /// <summary>What a process knows of the moment is read from it until the end.</summary>
    public static void Add(GaugeSource source) => _sources[source] = true;

    public static void Remove(GaugeSource source) => _sources.TryRemove(source, out _);

    public static void Fenced() => _fenced.Add(1);

    public static void DatabaseError(string operation, Exception exception) =>
        _databaseErrors.Add(1, new("operation", operation), new("code", exception is ConductorException conductor ? conductor.Code : exception.GetType().Name));

    public static void RunStarted(string taskKey)
    {
        var tag = new KeyValuePair<string, object?>("task", taskKey);
        _attempts.Add(1, tag);
        _running.Add(1, tag);
    }

    public static void BatchStarted(string taskKey, int size) => _batchSize.Record(size, new KeyValuePair<string, object?>("task", taskKey));

    public static void RunEnded(string taskKey, TimeSpan took)
    {
        var tag = new KeyValuePair<string, object?>("task", taskKey);
        _running.Add(-1, tag);
        _runDuration.Record(took.TotalSeconds, tag);
    }

    private static IEnumerable<Measurement<T>> Read<T>(Func<GaugeSource, IEnumerable<Measurement<T>>> of)
        where T : struct => _sources.Keys.SelectMany(of);

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
