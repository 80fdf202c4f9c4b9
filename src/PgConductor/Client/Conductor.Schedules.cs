using System.Text.Json;
using Npgsql;
using PgConductor.Schedules;

namespace PgConductor.Client;

/// <content>Schedules.</content>
public sealed partial class Conductor
{
    /// <inheritdoc/>
    public Task<ScheduleChange> ScheduleAsync<TPayload, TResult>(string key, TaskDefinition<TPayload, TResult> task, TPayload payload, string cron, ScheduleOptions? options = null, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        var spec = ScheduleRules.Check(key, task.Key, cron, options);
        return Database.ScheduleAsync(spec with { Payload = Serializer.Serialize(payload, $"payload of schedule \"{key}\"") }, transaction, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<ScheduleChange> ScheduleAsync(string key, string taskKey, JsonElement payload, string cron, ScheduleOptions? options = null, NpgsqlTransaction? transaction = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(taskKey);
        InvocationRules.Check(taskKey, InvokeOptions.Default);
        var spec = ScheduleRules.Check(key, taskKey, cron, options);
        return Database.ScheduleAsync(spec with { Payload = WriteElement(payload, taskKey) }, transaction, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> UnscheduleAsync(string key, bool force = false, CancellationToken cancellationToken = default)
    {
        ScheduleRules.CheckKey(key);
        return Database.UnscheduleAsync(key, force, cancellationToken);
    }

    /// <inheritdoc/>
    public Task PauseScheduleAsync(string key, CancellationToken cancellationToken = default)
    {
        ScheduleRules.CheckKey(key);
        return Database.PauseScheduleAsync(key, cancellationToken);
    }

    /// <inheritdoc/>
    public Task ResumeScheduleAsync(string key, CancellationToken cancellationToken = default)
    {
        ScheduleRules.CheckKey(key);
        return Database.ResumeScheduleAsync(key, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Guid> RunScheduleNowAsync(string key, CancellationToken cancellationToken = default)
    {
        ScheduleRules.CheckKey(key);
        return Database.RunScheduleAsync(key, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ScheduleInfo>> ListSchedulesAsync(CancellationToken cancellationToken = default) =>
        [.. (await Database.ListSchedulesAsync(null, cancellationToken).ConfigureAwait(false)).Select(WithNextRun)];

    /// <inheritdoc/>
    public async Task<ScheduleInfo?> GetScheduleAsync(string key, CancellationToken cancellationToken = default)
    {
        ScheduleRules.CheckKey(key);
        var found = await Database.ListSchedulesAsync(key, cancellationToken).ConfigureAwait(false);
        return found.Count == 0 ? null : WithNextRun(found[0]);
    }

    /// <summary>A schedule that no process has looked at yet has no next run stored.</summary>
    private static ScheduleInfo WithNextRun(ScheduleInfo schedule)
    {
        if (schedule.Paused || schedule.NextRunAt is not null || !CronExpression.TryParse(schedule.Cron, out var expression))
        {
            return schedule;
        }

        try
        {
            return schedule with { NextRunAt = expression.Next(schedule.LastTick, ScheduleTimeZone.Find(schedule.Options.TimeZone)) };
        }
        catch (ConductorException)
        {
            // A zone that this machine does not know; others may.
            return schedule;
        }
    }
}
