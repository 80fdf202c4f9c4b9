using System.Text.Json;
using Npgsql;
using PgConductor.Schedules;

namespace PgConductor.Client;

/// <content>Schedules.</content>
public partial interface IConductor
{
    /// <summary>Makes a dynamic schedule, or changes it: runs of a task by the clock of a time zone, until <see cref="UnscheduleAsync"/>.</summary>
    /// <param name="key">Names the schedule; 1 to 200 bytes, no control characters.</param>
    /// <param name="task">What runs.</param>
    /// <param name="payload">Each run's payload.</param>
    /// <param name="cron">When: five fields, or six with the second first; docs/concepts/schedules.md has the grammar.</param>
    /// <param name="options">How; null: by UTC, with the defaults.</param>
    /// <param name="transaction">Makes it in this transaction, on its connection: it exists if and only if that commits.</param>
    /// <param name="cancellationToken">Ends the call; the schedule may exist all the same.</param>
    /// <remarks>
    /// Survives restarts. Orchestrators, of any service, enqueue its runs, each tick once however many there are. A new expression or zone begins now;
    /// everything else holds from the next run on. A pause stays.
    /// </remarks>
    /// <exception cref="ConductorException">Codes invalid-argument, invalid-payload, unknown-queue, schedule-owned (a service declares one of this key) and the database's.</exception>
    Task<ScheduleChange> ScheduleAsync<TPayload, TResult>(string key, TaskDefinition<TPayload, TResult> task, TPayload payload, string cron, ScheduleOptions? options = null, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default);

    /// <summary>Makes a dynamic schedule of a task known only by its key, or changes it.</summary>
    /// <inheritdoc cref="ScheduleAsync{TPayload, TResult}"/>
    Task<ScheduleChange> ScheduleAsync(string key, string taskKey, JsonElement payload, string cron, ScheduleOptions? options = null, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default);

    /// <summary>Removes a schedule; what it has enqueued stays.</summary>
    /// <param name="key">Which.</param>
    /// <param name="force">Removes a declared one too, whose service is gone; if it is not, its next start brings it back.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>False when there is none.</returns>
    /// <exception cref="ConductorException">Code schedule-owned: a service declares it, and <paramref name="force"/> is not set.</exception>
    Task<bool> UnscheduleAsync(string key, bool force = false, CancellationToken cancellationToken = default);

    /// <summary>Stops a schedule's runs, also those that its service declares, across restarts; what it has enqueued goes on.</summary>
    /// <exception cref="ConductorException">Code not-found.</exception>
    Task PauseScheduleAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Lets a schedule go on, with its next tick: those of the pause are not missed.</summary>
    /// <exception cref="ConductorException">Code not-found.</exception>
    Task ResumeScheduleAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Enqueues one run of a schedule now, beside its ticks, also while it is paused.</summary>
    /// <returns>The execution's id.</returns>
    /// <exception cref="ConductorException">Code not-found.</exception>
    Task<Guid> RunScheduleNowAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Lists the schedules, by key.</summary>
    Task<IReadOnlyList<ScheduleInfo>> ListSchedulesAsync(CancellationToken cancellationToken = default);

    /// <summary>Reads one schedule.</summary>
    /// <returns>Null when there is none.</returns>
    Task<ScheduleInfo?> GetScheduleAsync(string key, CancellationToken cancellationToken = default);
}
