using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using PgConductor.Client;

namespace PgConductor.Database;

/// <summary>Claims, outcomes and queries of executions.</summary>
internal sealed class ExecutionCommands(Calls calls, LeaseConnections claims, LeaseConnections outcomes) : IExecutionStore
{
    private const string ClaimSql =
        "select lease_id, position, id, task_key, attempt, created_at, run_at, trace_parent, payload, next_position::text, next_due_in, steps, closes_in from pgconductor.claim_executions($1, $2, $3, 4194304, $4, $5)";

    private const string ClaimTaskSql =
        "select lease_id, position, id, task_key, attempt, created_at, run_at, trace_parent, payload, null::text, null::double precision, steps, null::double precision from pgconductor.get_executions($1, $2, $3, $4)";

    private const string ReturnSql =
        "select lease_id, position, effect from pgconductor.return_executions($1, $2, $3, $4, $5, $6, $7, $8)";

    private const string InfoColumns =
        "id, queue, task_key, state, priority, attempts, max_attempts, run_at, created_at, started_at, finished_at, orchestrator_id, dedupe_key, reason";

    private static readonly byte[] _jsonNull = "null"u8.ToArray();
    private static readonly string[] _outcomeNames = ["completed", "failed", "dead", "released", "cancelled", "suspended"];

    public Task<Claim> ClaimAsync(Guid orchestratorId, string queue, ClaimSize size, string? position, CancellationToken cancellationToken) =>
        Calls.OnceAsync(
            claims,
            ClaimSql,
            parameters =>
            {
                parameters.AddUuid(orchestratorId);
                parameters.AddText(queue);
                parameters.AddInteger(size.Limit);
                parameters.AddJsonb(position);
                parameters.AddInteger(size.Free);
            },
            (reader, token) => ReadClaimAsync(reader, size.Limit, token),
            cancellationToken);

    public Task<LateArrivals> FindLateArrivalsAsync(Guid orchestratorId, string queue, string position, LookRange range, CancellationToken cancellationToken) =>
        calls.OnceAsync(
            "select next_position::text, late, next_due_in, looked_from from pgconductor.find_late_arrivals($1, $2, $3, $4, $5)",
            parameters =>
            {
                parameters.AddUuid(orchestratorId);
                parameters.AddText(queue);
                parameters.AddJsonb(position);
                parameters.AddInterval(range.Back);
                parameters.AddTime(range.Until);
            },
            Calls.Row(static reader => new LateArrivals(reader.GetString(0), reader.GetBoolean(1), reader.IsDBNull(2) ? null : Seconds(reader.GetDouble(2)), reader.IsDBNull(3) ? null : reader.GetDateTime(3))),
            cancellationToken);

    public Task<Claim> ClaimTaskAsync(Guid orchestratorId, string queue, string taskKey, int limit, CancellationToken cancellationToken) =>
        Calls.OnceAsync(
            claims,
            ClaimTaskSql,
            parameters =>
            {
                parameters.AddText(taskKey);
                parameters.AddUuid(orchestratorId);
                parameters.AddInteger(limit);
                parameters.AddText(queue);
            },
            (reader, token) => ReadClaimAsync(reader, limit, token),
            cancellationToken);

    public Task<IReadOnlyList<Settlement>> ReturnAsync(Guid orchestratorId, OutcomeBatch batch, CancellationToken cancellationToken) =>
        Calls.OnceAsync(
            outcomes,
            ReturnSql,
            parameters => BindOutcomes(parameters, orchestratorId, batch),
            Calls.Rows(static reader => new Settlement(reader.GetInt64(0), reader.GetInt32(1), ParseEffect(reader.GetString(2)))),
            cancellationToken);

    public Task<ExecutionInfo?> GetExecutionAsync(Guid id, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            $"select {InfoColumns}, payload, result, errors, parent_id from pgconductor.get_execution($1)",
            parameters => parameters.AddUuid(id),
            static async (reader, token) => await reader.ReadAsync(token).ConfigureAwait(false)
                ? ReadInfo(reader) with { Payload = Json(reader, 14), Result = Json(reader, 15), Errors = Json(reader, 16), ParentId = reader.IsDBNull(17) ? null : reader.GetGuid(17) }
                : null,
            cancellationToken);

    public Task<IReadOnlyList<ExecutionInfo>> ListExecutionsAsync(ExecutionQuery query, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            $"select {InfoColumns} from pgconductor.list_executions($1, $2, $3, $4, $5)",
            parameters =>
            {
                parameters.AddText(query.State is { } state ? StateName(state) : null);
                parameters.AddText(query.TaskKey);
                parameters.AddText(query.Queue);
                parameters.AddInteger(query.Limit);
                parameters.AddUuid(query.Before);
            },
            Calls.Rows(ReadInfo),
            cancellationToken);

    public Task<IReadOnlyList<ExecutionCount>> CountExecutionsAsync(string? queue, string? taskKey, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select queue, task_key, state, count from pgconductor.count_executions($1, $2)",
            parameters =>
            {
                parameters.AddText(queue);
                parameters.AddText(taskKey);
            },
            Calls.Rows(static reader => new ExecutionCount(reader.GetString(0), reader.GetString(1), ParseState(reader.GetString(2)), reader.GetInt64(3))),
            cancellationToken);

    public Task<CancelOutcome> CancelExecutionAsync(Guid id, string reason, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select pgconductor.cancel_execution($1, $2)",
            parameters =>
            {
                parameters.AddUuid(id);
                parameters.AddText(reason);
            },
            Calls.Row(static reader => reader.GetString(0) switch
            {
                "cancelled" => CancelOutcome.Cancelled,
                "requested" => CancelOutcome.Requested,
                "finished" => CancelOutcome.Finished,
                _ => CancelOutcome.Unknown,
            }),
            cancellationToken);

    public Task RetryExecutionAsync(Guid id, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select pgconductor.retry_execution($1)",
            parameters => parameters.AddUuid(id),
            Calls.Row(static _ => true),
            cancellationToken);

    public Task<IReadOnlyList<HeldHorizon>> GetHeldHorizonAsync(TimeSpan olderThan, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select pid, age_seconds, state, application_name, user_name, query from pgconductor.held_horizon($1)",
            parameters => parameters.AddInterval(olderThan),
            Calls.Rows(static reader => new HeldHorizon(
                reader.GetInt32(0),
                TimeSpan.FromSeconds(reader.GetDouble(1)),
                Calls.Nullable<string>(reader, 2),
                Calls.Nullable<string>(reader, 3),
                Calls.Nullable<string>(reader, 4),
                Calls.Nullable<string>(reader, 5))),
            cancellationToken);

    internal static string StateName(ExecutionState state) => state switch
    {
        ExecutionState.Ready => "ready",
        ExecutionState.Scheduled => "scheduled",
        ExecutionState.Waiting => "waiting",
        ExecutionState.Running => "running",
        ExecutionState.Completed => "completed",
        ExecutionState.Failed => "failed",
        ExecutionState.Cancelled => "cancelled",
        _ => throw new ConductorException(ConductorErrorCode.InvalidArgument, $"There is no state {state}."),
    };

    private static async Task<Claim> ReadClaimAsync(NpgsqlDataReader reader, int limit, CancellationToken cancellationToken)
    {
        List<ClaimedExecution>? executions = null;
        long? lease = null;
        string? nextPosition = null;
        TimeSpan? nextDueIn = null;
        string? lastKey = null;
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (reader.IsDBNull(0))
            {
                nextPosition = Calls.Nullable<string>(reader, 9);
                nextDueIn = reader.IsDBNull(10) ? null : Seconds(reader.GetDouble(10));
                continue;
            }

            executions ??= new List<ClaimedExecution>(Math.Min(limit, 512));
            lease = reader.GetInt64(0);
            nextPosition ??= Calls.Nullable<string>(reader, 9);

            // Most batches are of one task: its key is one string, not five hundred.
            var key = reader.GetString(3);
            lastKey = key == lastKey ? lastKey : key;
            var steps = reader.IsDBNull(11) ? null : reader.GetFieldValue<byte[]>(11);
            var parsed = steps is null ? null : StepCommands.Parse(steps);
            executions.Add(new ClaimedExecution
            {
                Position = reader.GetInt32(1),
                Id = reader.GetGuid(2),
                TaskKey = lastKey,
                Attempt = reader.GetInt32(4),
                CreatedAt = reader.GetDateTime(5),
                RunAt = reader.GetDateTime(6),
                TraceParent = reader.IsDBNull(7) ? null : reader.GetString(7),
                Payload = reader.IsDBNull(8) ? _jsonNull : reader.GetFieldValue<byte[]>(8),
                Steps = parsed,
                StepsLeftBehind = steps is not null && parsed is null,
                ClosesIn = reader.IsDBNull(12) ? null : Seconds(reader.GetDouble(12)),
            });
        }

        return executions is null ? Claim.Empty with { NextPosition = nextPosition, NextDueIn = nextDueIn } : new Claim(lease, executions, nextPosition, null);
    }

    private static void BindOutcomes(NpgsqlParameterCollection parameters, Guid orchestratorId, OutcomeBatch batch)
    {
        var count = batch.Outcomes.Count;
        var leases = new long[count];
        var positions = new int[count];
        var kinds = new string[count];
        byte[]?[]? results = null;
        byte[]?[]? errors = null;
        double?[]? delays = null;
        for (var i = 0; i < count; i++)
        {
            var outcome = batch.Outcomes[i];
            leases[i] = outcome.LeaseId;
            positions[i] = outcome.Position;
            kinds[i] = _outcomeNames[(int)outcome.Kind];
            if (outcome.Result is { } result)
            {
                (results ??= new byte[count][])[i] = result;
            }

            if (outcome.Error is { } error)
            {
                (errors ??= new byte[count][])[i] = error;
            }

            if (outcome.Delay is { } delay)
            {
                (delays ??= new double?[count])[i] = delay.TotalSeconds;
            }
        }

        parameters.AddUuid(orchestratorId);
        parameters.AddArray(batch.CompletedLeases as long[] ?? [.. batch.CompletedLeases], NpgsqlDbType.Bigint);
        parameters.AddArray(leases, NpgsqlDbType.Bigint);
        parameters.AddArray(positions, NpgsqlDbType.Integer);
        parameters.AddArray(kinds, NpgsqlDbType.Text);
        parameters.AddArray(results, NpgsqlDbType.Jsonb);
        parameters.AddArray(errors, NpgsqlDbType.Jsonb);
        parameters.AddArray(delays, NpgsqlDbType.Double);
    }

    private static ExecutionInfo ReadInfo(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetGuid(0),
        Queue = reader.GetString(1),
        TaskKey = reader.GetString(2),
        State = ParseState(reader.GetString(3)),
        Priority = reader.GetInt32(4),
        Attempts = reader.GetInt32(5),
        MaxAttempts = reader.IsDBNull(6) ? null : reader.GetInt32(6),
        RunAt = Time(reader, 7) is { Year: < 9999 } due ? due : null,
        CreatedAt = Time(reader, 8)!.Value,
        StartedAt = Time(reader, 9),
        FinishedAt = Time(reader, 10),
        OrchestratorId = reader.IsDBNull(11) ? null : reader.GetGuid(11),
        DedupeKey = Calls.Nullable<string>(reader, 12),
        Reason = Calls.Nullable<string>(reader, 13),
    };

    private static DateTimeOffset? Time(NpgsqlDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : new DateTimeOffset(reader.GetDateTime(ordinal), TimeSpan.Zero);

    private static TimeSpan Seconds(double seconds) => seconds < TimeSpan.MaxValue.TotalSeconds / 2 ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue;

    private static JsonElement? Json(NpgsqlDataReader reader, int ordinal)
    {
        if (reader.IsDBNull(ordinal))
        {
            return null;
        }

        using var document = JsonDocument.Parse(reader.GetFieldValue<byte[]>(ordinal));
        return document.RootElement.Clone();
    }

    private static ExecutionState ParseState(string name) => name switch
    {
        "ready" => ExecutionState.Ready,
        "scheduled" => ExecutionState.Scheduled,
        "waiting" => ExecutionState.Waiting,
        "running" => ExecutionState.Running,
        "completed" => ExecutionState.Completed,
        "failed" => ExecutionState.Failed,
        "cancelled" => ExecutionState.Cancelled,
        _ => throw new ConductorException(ConductorErrorCode.Schema, $"The database knows a state \"{name}\" that this version of PgConductor does not: upgrade the library."),
    };

    private static Effect ParseEffect(string name) => name switch
    {
        "completed" => Effect.Completed,
        "retried" => Effect.Retried,
        "failed" => Effect.Failed,
        "released" => Effect.Released,
        "cancelled" => Effect.Cancelled,
        "rejected" => Effect.Rejected,
        "suspended" => Effect.Suspended,
        _ => throw new ConductorException(ConductorErrorCode.Schema, $"The database knows an effect \"{name}\" that this version of PgConductor does not: upgrade the library."),
    };
}
