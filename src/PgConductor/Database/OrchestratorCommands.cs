using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace PgConductor.Database;

/// <summary>Registration, heartbeats, recovery and signals of processes.</summary>
internal sealed class OrchestratorCommands(Calls calls, Sessions sessions, ControlConnection control, ConductorOptions options) : IOrchestratorStore
{
    private const string HeartbeatSql =
        "select alive, signal_ids, signal_kinds, signal_executions, signal_reasons, recovered_orchestrators, rescued, dead_lettered, next_takeover, schema_version, next_schedule from pgconductor.orchestrator_heartbeat($1, $2, $3, $4, $5, $6)";

    public Task RegisterOrchestratorAsync(Guid id, string name, string version, int schemaVersion, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select pgconductor.register_orchestrator($1, $2, $3, $4)",
            parameters =>
            {
                parameters.AddUuid(id);
                parameters.AddText(name);
                parameters.AddText(version);
                parameters.AddInteger(schemaVersion);
            },
            Calls.Row(static _ => true),
            cancellationToken);

    public Task RegisterWorkerAsync(Guid id, string queue, IReadOnlyCollection<TaskDefinition> tasks, CancellationToken cancellationToken)
    {
        var specs = WriteTasks(tasks);
        return calls.RetryingAsync(
            "select pgconductor.register_worker($1, $2, $3)",
            parameters =>
            {
                parameters.AddUuid(id);
                parameters.AddText(queue);
                parameters.AddJsonb(specs);
            },
            Calls.Row(static _ => true),
            cancellationToken);
    }

    public Task<HeartbeatReply> HeartbeatAsync(HeartbeatRequest request, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Task.FromResult(control.Run(
                HeartbeatSql,
                parameters =>
                {
                    parameters.AddUuid(request.OrchestratorId);
                    parameters.AddInterval(request.Takeover);
                    parameters.AddArray<long>([.. request.Acknowledged], NpgsqlDbType.Bigint);
                    parameters.AddBoolean(request.Draining);
                    parameters.AddArray<long>([.. request.KnownLeases], NpgsqlDbType.Bigint);
                    parameters.AddInterval(request.LostAfter);
                },
                ReadHeartbeat,
                request.Takeover / 4));
        }
        catch (Exception exception)
        {
            return Task.FromException<HeartbeatReply>(exception);
        }
    }

    public Task<RecoveryReport> RecoverAsync(TimeSpan takeover, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select orchestrators, rescued, dead_lettered from pgconductor.recover_stale_orchestrators($1)",
            parameters => parameters.AddInterval(takeover),
            Calls.Row(static reader => new RecoveryReport(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2))),
            cancellationToken);

    public Task<int> ShutdownAsync(Guid id, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select pgconductor.orchestrator_shutdown($1)",
            parameters => parameters.AddUuid(id),
            Calls.Row(static reader => reader.GetInt32(0)),
            cancellationToken);

    public Task<bool> SignalShutdownAsync(Guid id, string reason, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select pgconductor.signal_shutdown($1, $2)",
            parameters =>
            {
                parameters.AddUuid(id);
                parameters.AddText(reason);
            },
            Calls.Row(static reader => reader.GetBoolean(0)),
            cancellationToken);

    public Task<IReadOnlyList<OrchestratorInfo>> ListOrchestratorsAsync(CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select id, name, version, schema_version, started_at, silent_seconds, draining, queues, leases, running from pgconductor.list_orchestrators()",
            static _ => { },
            Calls.Rows(static reader => new OrchestratorInfo(
                reader.GetGuid(0),
                reader.GetString(1),
                reader.GetString(2),
                reader.GetInt32(3),
                new DateTimeOffset(reader.GetDateTime(4), TimeSpan.Zero),
                TimeSpan.FromSeconds(reader.GetDouble(5)),
                reader.GetBoolean(6),
                reader.GetFieldValue<string[]>(7),
                reader.GetInt64(8),
                reader.GetInt64(9))),
            cancellationToken);

    public async Task<IAsyncDisposable> ListenAsync(Guid orchestratorId, IReadOnlyCollection<string> queues, Action<string?> onHint, CancellationToken cancellationToken)
    {
        var listener = new NotificationListener(sessions, orchestratorId, queues, onHint, options.TimeProvider);
        await listener.StartAsync(cancellationToken).ConfigureAwait(false);
        return listener;
    }

    public Task<bool> SetIdleAsync(string queue, bool idle, CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult(control.SetIdle(queue, idle));
        }
        catch (Exception exception) when (exception is ConductorException or ObjectDisposedException)
        {
            // Only hints are lost: polling goes on, and the heartbeat on the same connection reports what is wrong.
            return Task.FromResult(false);
        }
    }

    private static HeartbeatReply ReadHeartbeat(NpgsqlDataReader reader)
    {
        var ids = reader.GetFieldValue<long[]>(1);
        var kinds = reader.GetFieldValue<string[]>(2);
        var executions = reader.GetFieldValue<Guid?[]>(3);
        var reasons = reader.GetFieldValue<string[]>(4);
        var signals = new Signal[ids.Length];
        for (var i = 0; i < ids.Length; i++)
        {
            signals[i] = new Signal(ids[i], kinds[i] == "cancel" ? SignalKind.Cancel : SignalKind.Shutdown, executions[i], reasons[i]);
        }

        return new HeartbeatReply(
            reader.GetBoolean(0),
            signals,
            new RecoveryReport(reader.GetInt32(5), reader.GetInt32(6), reader.GetInt32(7)),
            reader.IsDBNull(8) ? null : reader.GetTimeSpan(8),
            reader.GetInt32(9),
            reader.IsDBNull(10) ? null : reader.GetTimeSpan(10));
    }

    private static byte[] WriteTasks(IReadOnlyCollection<TaskDefinition> tasks)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var task in tasks)
            {
                WriteTask(writer, task);
            }

            writer.WriteEndArray();
        }

        return buffer.ToArray();
    }

    private static void WriteTask(Utf8JsonWriter writer, TaskDefinition task)
    {
        var options = task.Options;
        writer.WriteStartObject();
        writer.WriteString("key", task.Key);
        writer.WriteString("queue", options.Queue);
        if (options.MaxAttempts is { } maxAttempts)
        {
            writer.WriteNumber("max_attempts", maxAttempts);
        }

        if (options.Backoff is { } backoff)
        {
            writer.WriteStartArray("backoff_seconds");
            foreach (var pause in backoff)
            {
                writer.WriteNumberValue(pause.TotalSeconds);
            }

            writer.WriteEndArray();
        }

        if (options.BackoffJitter is { } jitter)
        {
            writer.WriteNumber("backoff_jitter", jitter);
        }

        if (options.KeepCompleted is { } keepCompleted)
        {
            writer.WriteNumber("keep_completed_seconds", keepCompleted.Seconds);
        }

        if (options.KeepFailed is { } keepFailed)
        {
            writer.WriteNumber("keep_failed_seconds", keepFailed.Seconds);
        }

        if (options.KeepLogs is { } keepLogs)
        {
            writer.WriteNumber("keep_logs_seconds", keepLogs.Seconds);
        }

        if (options.Windows is { } windows)
        {
            // What this code knows of the task's windows is all of them.
            writer.WriteNull("window_start");
            writer.WriteNull("window_end");
            writer.WriteStartArray("windows");
            foreach (var window in windows)
            {
                writer.WriteStringValue(window.ToString());
            }

            writer.WriteEndArray();
        }

        if (options.TimeZone is { } timeZone)
        {
            writer.WriteString("time_zone", timeZone);
        }

        if (options.Batch is { } batch)
        {
            writer.WriteNumber("batch_size", batch.Size);
        }
        else
        {
            writer.WriteNull("batch_size");
        }

        writer.WriteEndObject();
    }
}
