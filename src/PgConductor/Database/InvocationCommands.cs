using Npgsql;
using NpgsqlTypes;
using PgConductor.Client;

namespace PgConductor.Database;

/// <summary>Enqueueing, one and many.</summary>
internal sealed class InvocationCommands : IInvocationStore, IDisposable
{
    private const string InvokeSql =
        "select execution_id, disposition from pgconductor.invoke($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

    private const string InvokePacedSql =
        "select execution_id, disposition from pgconductor.invoke($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

    private const string InvokeBatchSql =
        "select item, execution_id, disposition from pgconductor.invoke_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

    private const string InvokePacedBatchSql =
        "select item, execution_id, disposition from pgconductor.invoke_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

    private const string InvokeAndClaimSql =
        "select lease_id, claimed_at, payload from pgconductor.invoke_and_claim($1, $2, $3, $4, $5, $6, $7, $8, $9)";

    private const string InvokeAgainSql =
        "select execution_id, disposition from pgconductor.invoke_and_claim(null, null, $1, $2, $3, $4, $5, $6, $7, true)";

    private readonly Calls _calls;
    private readonly LeaseConnections _outcomes;
    private readonly InvocationBatcher _batcher;

    // What is claimed goes by the connections for outcomes: a pool that a program has exhausted must not hold up its workers, and
    // unlike those for claims they commit to the disk.
    public InvocationCommands(Calls calls, LeaseConnections outcomes, TimeProvider timeProvider)
    {
        _calls = calls;
        _outcomes = outcomes;
        _batcher = new InvocationBatcher(
            (invocation, token) => InvokeAloneAsync(invocation, DedupePolicy.ReturnExisting, null, token),
            (invocations, token) => InvokeManyAsync(invocations, DedupePolicy.ReturnExisting, null, token),
            timeProvider);
    }

    public Task<InvokeOutcome> InvokeAsync(Invocation invocation, DedupePolicy policy, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        transaction is null && InvocationBatcher.Fits(invocation) ? _batcher.InvokeAsync(invocation, cancellationToken)
            : invocation.MayBeClaimed ? InvokeAgainAsync(invocation, cancellationToken)
            : InvokeAloneAsync(invocation, policy, transaction, cancellationToken);

    public Task<Claim> InvokeAndClaimAsync(Guid orchestratorId, string workerQueue, Invocation invocation, CancellationToken cancellationToken) =>
        Calls.OnceAsync(
            _outcomes,
            InvokeAndClaimSql,
            parameters =>
            {
                parameters.AddUuid(orchestratorId);
                parameters.AddText(workerQueue);
                BindNew(parameters, invocation);
            },
            Calls.Row(reader => reader.IsDBNull(0) ? Claim.Empty : ClaimOf(invocation, reader)),
            cancellationToken);

    public void Dispose() => _batcher.Dispose();

    private static void BindNew(NpgsqlParameterCollection parameters, in Invocation invocation)
    {
        parameters.AddText(invocation.TaskKey);
        parameters.AddJsonb(invocation.Payload);
        parameters.AddText(invocation.Queue);
        parameters.AddInteger(invocation.Priority);
        parameters.AddInteger(invocation.MaxAttempts);
        parameters.AddUuid(invocation.Id);
        parameters.AddText(invocation.TraceParent);
    }

    private Task<InvokeOutcome> InvokeAgainAsync(Invocation invocation, CancellationToken cancellationToken) =>
        _calls.RetryingAsync(
            InvokeAgainSql,
            parameters => BindNew(parameters, invocation),
            Calls.Row(static reader => new InvokeOutcome(reader.GetGuid(0), ParseDisposition(reader.GetString(1)))),
            cancellationToken);

    /// <summary>The payload as the database has it: a retry would get that one.</summary>
    private static Claim ClaimOf(in Invocation invocation, NpgsqlDataReader reader)
    {
        var claimedAt = reader.GetDateTime(1);
        var execution = new ClaimedExecution
        {
            Position = 1,
            Id = invocation.Id,
            TaskKey = invocation.TaskKey,
            Attempt = 1,
            CreatedAt = claimedAt,
            RunAt = claimedAt,
            TraceParent = invocation.TraceParent,
            Payload = reader.GetFieldValue<byte[]>(2),
        };
        return new Claim(reader.GetInt64(0), [execution], null, null);
    }

    private Task<InvokeOutcome> InvokeAloneAsync(Invocation invocation, DedupePolicy policy, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        _calls.RetryingAsync(
            invocation.Pace is null ? InvokeSql : InvokePacedSql,
            (parameters, repeated) =>
            {
                parameters.AddText(invocation.TaskKey);
                parameters.AddJsonb(invocation.Payload);
                parameters.AddText(invocation.Queue);
                parameters.AddTime(invocation.RunAt);
                parameters.AddInteger(invocation.Priority);
                parameters.AddInteger(invocation.MaxAttempts);
                parameters.AddText(invocation.DedupeKey);
                parameters.AddText(PolicyName(policy));
                parameters.AddUuid(invocation.Id);
                parameters.AddText(invocation.TraceParent);
                parameters.AddBoolean(repeated || invocation.MayBeKnown);
                if (invocation.Pace is { } pace)
                {
                    PaceParameters.Add(parameters, pace);
                }
            },
            Calls.Row(static reader => new InvokeOutcome(reader.GetGuid(0), ParseDisposition(reader.GetString(1)))),
            transaction,
            cancellationToken);

    public async Task<IReadOnlyList<InvokeOutcome>> InvokeManyAsync(IReadOnlyList<Invocation> invocations, DedupePolicy policy, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        var outcomes = new InvokeOutcome[invocations.Count];
        for (var i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = new InvokeOutcome(invocations[i].Id, InvokeDisposition.Created);
        }

        if (outcomes.Length == 0)
        {
            return outcomes;
        }

        if (InvocationCopy.Fits(invocations))
        {
            await _calls.RetryingTransactionAsync(
                (connection, opened, token) => InvocationCopy.RunAsync(connection, opened, invocations, token),

                // It may have been stored already: decided item by item.
                token => InvokeBatchAsync(invocations, policy, outcomes, repeated: true, null, token),
                transaction,
                cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await InvokeBatchAsync(invocations, policy, outcomes, repeated: false, transaction, cancellationToken).ConfigureAwait(false);
        }

        return outcomes;
    }

    private Task<bool> InvokeBatchAsync(IReadOnlyList<Invocation> invocations, DedupePolicy policy, InvokeOutcome[] outcomes, bool repeated, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        _calls.RetryingAsync(
            PaceParameters.Any(invocations) ? InvokePacedBatchSql : InvokeBatchSql,
            (parameters, again) => Bind(parameters, invocations, policy, repeated || again),
            async (reader, token) =>
            {
                while (await reader.ReadAsync(token).ConfigureAwait(false))
                {
                    outcomes[reader.GetInt32(0) - 1] = new InvokeOutcome(reader.GetGuid(1), ParseDisposition(reader.GetString(2)));
                }

                return true;
            },
            transaction,
            cancellationToken);

    private static void Bind(NpgsqlParameterCollection parameters, IReadOnlyList<Invocation> invocations, DedupePolicy policy, bool repeated)
    {
        var count = invocations.Count;
        var keys = new string[count];
        var payloads = new byte[count][];
        var ids = new Guid[count];
        string?[]? queues = null;
        DateTime?[]? runAts = null;
        int[]? priorities = null;
        int?[]? maxAttempts = null;
        string?[]? dedupeKeys = null;
        string?[]? traces = null;
        for (var i = 0; i < count; i++)
        {
            var invocation = invocations[i];
            keys[i] = invocation.TaskKey;
            payloads[i] = invocation.Payload;
            ids[i] = invocation.Id;
            if (invocation.Queue is { } queue)
            {
                (queues ??= new string?[count])[i] = queue;
            }

            if (invocation.RunAt is { } runAt)
            {
                (runAts ??= new DateTime?[count])[i] = runAt.UtcDateTime;
            }

            if (invocation.Priority != 0)
            {
                (priorities ??= new int[count])[i] = invocation.Priority;
            }

            if (invocation.MaxAttempts is { } attempts)
            {
                (maxAttempts ??= new int?[count])[i] = attempts;
            }

            if (invocation.TraceParent is { } trace)
            {
                (traces ??= new string?[count])[i] = trace;
            }

            repeated |= invocation.MayBeKnown;
            if (invocation.DedupeKey is { } dedupeKey)
            {
                (dedupeKeys ??= new string?[count])[i] = dedupeKey;
            }
        }

        parameters.AddArray(keys, NpgsqlDbType.Text);
        parameters.AddArray(payloads, NpgsqlDbType.Jsonb);
        parameters.AddArray(ids, NpgsqlDbType.Uuid);
        parameters.AddArray(queues, NpgsqlDbType.Text);
        parameters.AddArray(runAts, NpgsqlDbType.TimestampTz);
        parameters.AddArray(priorities, NpgsqlDbType.Integer);
        parameters.AddArray(maxAttempts, NpgsqlDbType.Integer);
        parameters.AddArray(dedupeKeys, NpgsqlDbType.Text);
        parameters.AddText(PolicyName(policy));
        parameters.AddArray(traces, NpgsqlDbType.Text);
        parameters.AddBoolean(repeated);
        if (PaceParameters.Any(invocations))
        {
            PaceParameters.Add(parameters, invocations);
        }
    }

    private static string PolicyName(DedupePolicy policy) => policy switch
    {
        DedupePolicy.ReplacePending => "replace_pending",
        DedupePolicy.Reject => "reject",
        _ => "return_existing",
    };

    private static InvokeDisposition ParseDisposition(string name) => name switch
    {
        "existing" => InvokeDisposition.Existing,
        "replaced" => InvokeDisposition.Replaced,
        "dropped" => InvokeDisposition.Dropped,
        _ => InvokeDisposition.Created,
    };
}
