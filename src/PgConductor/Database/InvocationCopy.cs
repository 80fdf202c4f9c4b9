using Npgsql;
using NpgsqlTypes;

namespace PgConductor.Database;

/// <summary>Enqueues a large batch with COPY, which streams: the server stores the first rows while the last are written.</summary>
/// <remarks>
/// For batches in which each item is simply a new row: no dedupe keys, no throttles, small payloads, not a repetition. What the SQL
/// function invoke_batch would decide (queue, lane, time) is asked for first, in the same transaction.
/// </remarks>
internal static class InvocationCopy
{
    /// <summary>From this size on COPY is faster than one statement with arrays (docs/operations/benchmarks.md).</summary>
    public const int MinCount = 500;

    /// <summary>Longer JSON may be over 8 kB as jsonb (up to six times as long), and is then stored apart: invoke_batch decides that.</summary>
    private const int MaxPayloadBytes = 1024;

    /// <summary>Beyond it, invoke_batch says what is wrong.</summary>
    private static readonly DateTimeOffset _lastRunAt = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private const string ResolveSql = "select queue, lane, now, later_step from pgconductor._resolve_tasks($1, $2)";

    private const string WakeSql = "select pgconductor._wake(u) from unnest($1) u";

    public static bool Fits(IReadOnlyList<Invocation> invocations)
    {
        if (invocations.Count < MinCount)
        {
            return false;
        }

        foreach (var invocation in invocations)
        {
            if (invocation.DedupeKey is not null || invocation.Pace is not null || invocation.MayBeKnown || invocation.Payload.Length > MaxPayloadBytes || invocation.RunAt > _lastRunAt)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>In the connection's transaction, which the caller commits.</summary>
    public static async Task RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<Invocation> invocations, CancellationToken cancellationToken)
    {
        var targets = new Dictionary<(string TaskKey, string? Queue), int>();
        foreach (var invocation in invocations)
        {
            targets.TryAdd((invocation.TaskKey, invocation.Queue), targets.Count);
        }

        var resolved = await ResolveAsync(connection, transaction, [.. targets.Keys], cancellationToken).ConfigureAwait(false);
        var dueQueues = await CopyAsync(connection, invocations, targets, resolved, cancellationToken).ConfigureAwait(false);
        if (dueQueues.Count > 0)
        {
            await Calls.RunAsync(connection, transaction, WakeSql, parameters => parameters.AddArray<string>([.. dueQueues], NpgsqlDbType.Text), Calls.Rows(static _ => true), cancellationToken).ConfigureAwait(false);
        }
    }

    private static Task<IReadOnlyList<Target>> ResolveAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, (string TaskKey, string? Queue)[] targets, CancellationToken cancellationToken) =>
        Calls.RunAsync(
            connection,
            transaction,
            ResolveSql,
            parameters =>
            {
                parameters.AddArray(Array.ConvertAll(targets, target => target.TaskKey), NpgsqlDbType.Text);
                parameters.AddArray(Array.ConvertAll(targets, target => target.Queue), NpgsqlDbType.Text);
            },
            Calls.Rows(static reader => new Target(reader.GetString(0), reader.GetString(1), reader.GetDateTime(2), reader.GetInt32(3))),
            cancellationToken);

    /// <summary>Returns the queues in which something is due now.</summary>
    private static async Task<HashSet<string>> CopyAsync(NpgsqlConnection connection, IReadOnlyList<Invocation> invocations, Dictionary<(string TaskKey, string? Queue), int> targets, IReadOnlyList<Target> resolved, CancellationToken cancellationToken)
    {
        var dueQueues = new HashSet<string>(StringComparer.Ordinal);
        var import = await connection.BeginBinaryImportAsync(
            "copy pgconductor.executions (id, run_at, created_at, priority, max_attempts, queue, lane, task_key, trace_parent, payload) from stdin (format binary)",
            cancellationToken).ConfigureAwait(false);
        await using (import.ConfigureAwait(false))
        {
            (string, string?) lastKey = default;
            var target = resolved[0];
            for (var i = 0; i < invocations.Count; i++)
            {
                var invocation = invocations[i];
                var key = (invocation.TaskKey, invocation.Queue);
                if (key != lastKey)
                {
                    target = resolved[targets[key]];
                    lastKey = key;
                }

                // The order of the batch is kept: a microsecond from one to the next, up to now for what is due.
                var later = invocation.RunAt is { } runAt && runAt.UtcDateTime > target.Now;
                if (!later)
                {
                    dueQueues.Add(target.Queue);
                }

                await import.StartRowAsync(cancellationToken).ConfigureAwait(false);
                await import.WriteAsync(invocation.Id, NpgsqlDbType.Uuid, cancellationToken).ConfigureAwait(false);
                await import.WriteAsync(later ? invocation.RunAt!.Value.UtcDateTime.AddMicroseconds(i * target.LaterStep) : target.Now.AddMicroseconds(i + 1 - invocations.Count), NpgsqlDbType.TimestampTz, cancellationToken).ConfigureAwait(false);
                await import.WriteAsync(target.Now, NpgsqlDbType.TimestampTz, cancellationToken).ConfigureAwait(false);
                await import.WriteAsync((short)invocation.Priority, NpgsqlDbType.Smallint, cancellationToken).ConfigureAwait(false);
                await (invocation.MaxAttempts is { } attempts ? import.WriteAsync((short)attempts, NpgsqlDbType.Smallint, cancellationToken) : import.WriteNullAsync(cancellationToken)).ConfigureAwait(false);
                await import.WriteAsync(target.Queue, NpgsqlDbType.Text, cancellationToken).ConfigureAwait(false);
                await import.WriteAsync(target.Lane, NpgsqlDbType.Text, cancellationToken).ConfigureAwait(false);
                await import.WriteAsync(invocation.TaskKey, NpgsqlDbType.Text, cancellationToken).ConfigureAwait(false);
                await (invocation.TraceParent is { } trace ? import.WriteAsync(trace, NpgsqlDbType.Text, cancellationToken) : import.WriteNullAsync(cancellationToken)).ConfigureAwait(false);
                await import.WriteAsync(invocation.Payload, NpgsqlDbType.Jsonb, cancellationToken).ConfigureAwait(false);
            }

            await import.CompleteAsync(cancellationToken).ConfigureAwait(false);
        }

        return dueQueues;
    }

    /// <summary>Where executions of one task go.</summary>
    private readonly record struct Target(string Queue, string Lane, DateTime Now, int LaterStep);
}
