namespace PgConductor.Database;

/// <summary>Queues and tasks.</summary>
internal sealed class QueueCommands(Calls calls) : IQueueStore
{
    public Task<bool> CreateQueueAsync(string name, bool partitioned, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select pgconductor.create_queue($1, $2)",
            parameters =>
            {
                parameters.AddText(name);
                parameters.AddBoolean(partitioned);
            },
            Calls.Row(static reader => reader.GetBoolean(0)),
            cancellationToken);

    public Task<bool> DropQueueAsync(string name, bool force, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select pgconductor.drop_queue($1, $2)",
            parameters =>
            {
                parameters.AddText(name);
                parameters.AddBoolean(force);
            },
            Calls.Row(static reader => reader.GetBoolean(0)),
            cancellationToken);

    public Task PauseQueueAsync(string name, CancellationToken cancellationToken) =>
        calls.RetryingAsync("select pgconductor.pause_queue($1)", parameters => parameters.AddText(name), Calls.Row(static _ => true), cancellationToken);

    public Task ResumeQueueAsync(string name, CancellationToken cancellationToken) =>
        calls.RetryingAsync("select pgconductor.resume_queue($1)", parameters => parameters.AddText(name), Calls.Row(static _ => true), cancellationToken);

    public Task<IReadOnlyList<QueueInfo>> ListQueuesAsync(CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select name, paused, partitioned, ready, scheduled, running, oldest_due_seconds, workers from pgconductor.list_queues()",
            static _ => { },
            Calls.Rows(static reader => new QueueInfo(
                reader.GetString(0),
                reader.GetBoolean(1),
                reader.GetBoolean(2),
                reader.GetInt64(3),
                reader.GetInt64(4),
                reader.GetInt64(5),
                reader.IsDBNull(6) ? null : TimeSpan.FromSeconds(reader.GetDouble(6)),
                reader.GetInt64(7))),
            cancellationToken);

    public Task<IReadOnlyList<QueueDepth>> GetQueueDepthsAsync(IReadOnlyCollection<string> queues, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select queue, ready, scheduled, waiting from pgconductor.queue_depths($1)",
            parameters => parameters.AddArray<string>([.. queues], NpgsqlTypes.NpgsqlDbType.Text),
            Calls.Rows(static reader => new QueueDepth(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3))),
            cancellationToken);

    public Task<IReadOnlyList<QueueLag>> GetQueueLagAsync(IReadOnlyCollection<string>? queues, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select queue, due_seconds from pgconductor.oldest_due($1)",
            parameters => parameters.AddArray<string>(queues is null ? null : [.. queues], NpgsqlTypes.NpgsqlDbType.Text),
            Calls.Rows(static reader => new QueueLag(reader.GetString(0), TimeSpan.FromSeconds(reader.GetDouble(1)))),
            cancellationToken);

    public Task<IReadOnlyList<TaskInfo>> ListTasksAsync(CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select key, queue, paused, max_attempts, keep_completed_seconds, keep_failed_seconds, window_start, window_end, time_zone, workers, windows, open, changes_at, keep_logs_seconds, batch_size from pgconductor.list_tasks()",
            static _ => { },
            Calls.Rows(static reader => new TaskInfo(
                reader.GetString(0),
                reader.GetString(1),
                reader.GetBoolean(2),
                reader.GetInt32(3),
                ReadRetention(reader, 4),
                ReadRetention(reader, 5),
                ReadRetention(reader, 13),
                ReadWindows(reader),
                reader.GetString(8),
                reader.GetBoolean(11),
                reader.IsDBNull(12) ? null : new DateTimeOffset(reader.GetDateTime(12), TimeSpan.Zero),
                reader.GetInt64(9),
                reader.IsDBNull(14) ? null : reader.GetInt32(14))),
            cancellationToken);

    public Task SetWindowsAsync(string taskKey, IReadOnlyCollection<string> windows, string? timeZone, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select pgconductor.set_windows($1, $2, $3)",
            parameters =>
            {
                parameters.AddText(taskKey);
                parameters.AddArray([.. windows], NpgsqlTypes.NpgsqlDbType.Text);
                parameters.AddText(timeZone);
            },
            Calls.Row(static _ => true),
            cancellationToken);

    private static string[] ReadWindows(Npgsql.NpgsqlDataReader reader)
    {
        var windows = reader.GetFieldValue<string[]>(10);
        return reader.IsDBNull(6) ? windows : [.. windows, $"{reader.GetString(6)}-{reader.GetString(7)}"];
    }

    private static Retention ReadRetention(Npgsql.NpgsqlDataReader reader, int ordinal)
    {
        if (reader.IsDBNull(ordinal))
        {
            return Retention.Forever;
        }

        var seconds = reader.GetDouble(ordinal);
        return seconds <= 0 ? Retention.None : Retention.For(TimeSpan.FromSeconds(seconds));
    }
}
