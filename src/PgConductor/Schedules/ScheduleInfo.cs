using System.Text.Json;

namespace PgConductor.Schedules;

/// <summary>A schedule as it was when it was read.</summary>
/// <remarks>Immutable.</remarks>
public sealed record ScheduleInfo
{
    /// <summary>Its name.</summary>
    public required string Key { get; init; }

    /// <summary>The service whose code declares it; null: dynamic, made by a call.</summary>
    public string? Service { get; init; }

    /// <summary>What runs.</summary>
    public required string TaskKey { get; init; }

    /// <summary>When it runs.</summary>
    public required string Cron { get; init; }

    /// <summary>How it runs.</summary>
    public required ScheduleOptions Options { get; init; }

    /// <summary>Each run's payload; null: none.</summary>
    public JsonElement? Payload { get; init; }

    /// <summary>Whether its runs are stopped.</summary>
    public bool Paused { get; init; }

    /// <summary>Up to here every tick is decided, run or not.</summary>
    public required DateTimeOffset LastTick { get; init; }

    /// <summary>Its next tick; null: it is paused, there is none, or <see cref="Fault"/> keeps it from being known.</summary>
    public DateTimeOffset? NextRunAt { get; init; }

    /// <summary>When a tick's runs were enqueued last; null: never.</summary>
    public DateTimeOffset? LastRunAt { get; init; }

    /// <summary>Why it could not be run, the last time that a process tried; null: it could.</summary>
    public string? Fault { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was changed, paused or resumed last.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What scheduling did.</summary>
public enum ScheduleChange
{
    /// <summary>There was none of this key.</summary>
    Created,

    /// <summary>There was one, and it is another now.</summary>
    Changed,

    /// <summary>There was the same.</summary>
    Unchanged,
}
