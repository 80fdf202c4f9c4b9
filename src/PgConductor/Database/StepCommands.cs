using System.Globalization;
using System.Text;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace PgConductor.Database;

/// <summary>Steps: storing them, alone or with the user's own writes, and reading them.</summary>
internal sealed class StepCommands(Calls calls, LeaseConnections outcomes) : IStepStore
{
    private const string SaveSql = "select item, effect from pgconductor.save_steps($1, $2, $3, $4, $5, $6, $7, $8, $9)";

    private const string SaveOneSql = "select pgconductor.save_step($1, $2, $3, $4, $5, $6, $7, $8)";

    private const string LoadSql =
        "select name, kind, state, result, started_at, finished_at, ordinal, child_id, deadline from pgconductor.load_steps($1)";

    public Task<IReadOnlyList<StepEffect>> SaveStepsAsync(Guid orchestratorId, IReadOnlyList<StepSave> steps, CancellationToken cancellationToken) =>
        Calls.OnceAsync(
            outcomes,
            SaveSql,
            parameters => Bind(parameters, orchestratorId, steps),
            (reader, token) => ReadEffectsAsync(reader, steps.Count, token),
            cancellationToken);

    public Task SaveStepInTransactionAsync(Guid orchestratorId, Func<NpgsqlTransaction, CancellationToken, Task<StepSave>> work, CancellationToken cancellationToken) =>
        calls.TransactionOnceAsync(
            async (connection, transaction, token) =>
            {
                var step = await work(transaction, token).ConfigureAwait(false);
                await Calls.TranslatingAsync(() => Calls.RunAsync(
                    connection,
                    transaction,
                    SaveOneSql,
                    parameters =>
                    {
                        parameters.AddUuid(orchestratorId);
                        parameters.AddBigint(step.LeaseId);
                        parameters.AddInteger(step.Position);
                        parameters.AddText(step.Name);
                        parameters.AddJsonb(step.Result);
                        parameters.AddInteger(step.Ordinal);
                        parameters.AddTime(new DateTimeOffset(step.StartedAt));
                        parameters.AddTime(new DateTimeOffset(step.FinishedAt));
                    },
                    static (_, _) => Task.FromResult(true),
                    token)).ConfigureAwait(false);
            },
            cancellationToken);

    public Task<IReadOnlyList<StoredStep>> LoadStepsAsync(Guid executionId, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            LoadSql,
            parameters => parameters.AddUuid(executionId),
            Calls.Rows(static reader => new StoredStep(
                reader.GetString(0),
                reader.GetString(1),
                ParseState(reader.GetString(2)),
                Calls.Nullable<byte[]>(reader, 3),
                reader.GetDateTime(4),
                reader.IsDBNull(5) ? Time(reader, 8) : reader.GetDateTime(5),
                reader.GetInt32(6),
                reader.IsDBNull(7) ? null : reader.GetGuid(7))),
            cancellationToken);

    public Task<IReadOnlyList<StepInfo>> ListStepsAsync(Guid executionId, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            LoadSql,
            parameters => parameters.AddUuid(executionId),
            Calls.Rows(static reader => new StepInfo
            {
                Name = reader.GetString(0),
                Kind = reader.GetString(1),
                State = ParseState(reader.GetString(2)),
                Result = reader.IsDBNull(3) ? null : JsonElement.Parse(reader.GetFieldValue<byte[]>(3)),
                StartedAt = new DateTimeOffset(reader.GetDateTime(4), TimeSpan.Zero),
                FinishedAt = reader.IsDBNull(5) ? null : new DateTimeOffset(reader.GetDateTime(5), TimeSpan.Zero),
                Deadline = Time(reader, 8) is { } deadline ? new DateTimeOffset(deadline, TimeSpan.Zero) : null,
                ChildId = reader.IsDBNull(7) ? null : reader.GetGuid(7),
            }),
            cancellationToken);

    /// <summary>Reads the steps that come with a claim: an array of arrays. Null: they were left behind.</summary>
    public static IReadOnlyList<StoredStep>? Parse(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        if (document.RootElement.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        var steps = new List<StoredStep>(document.RootElement.GetArrayLength());
        foreach (var step in document.RootElement.EnumerateArray())
        {
            steps.Add(new StoredStep(
                step[0].GetString()!,
                step[1].GetString()!,
                ParseState(step[2].GetString()!),
                Encoding.UTF8.GetBytes(step[3].GetRawText()),
                DateTime.UnixEpoch.AddMicroseconds(step[4].GetInt64()),
                step[5].ValueKind == JsonValueKind.Null ? null : DateTime.UnixEpoch.AddMicroseconds(step[5].GetInt64()),
                step[6].GetInt32(),
                step[7].ValueKind == JsonValueKind.Null ? null : step[7].GetGuid()));
        }

        return steps;
    }

    private static async Task<IReadOnlyList<StepEffect>> ReadEffectsAsync(NpgsqlDataReader reader, int count, CancellationToken cancellationToken)
    {
        var effects = new StepEffect[count];
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            effects[reader.GetInt32(0) - 1] = ParseEffect(reader.GetString(1));
        }

        return effects;
    }

    private static void Bind(NpgsqlParameterCollection parameters, Guid orchestratorId, IReadOnlyList<StepSave> steps)
    {
        var count = steps.Count;
        var leases = new long[count];
        var positions = new int[count];
        var names = new string[count];
        var ordinals = new int[count];
        var results = new byte[]?[count];
        var started = new DateTime[count];
        var finished = new DateTime[count];
        bool[]? failed = null;
        for (var i = 0; i < count; i++)
        {
            var step = steps[i];
            leases[i] = step.LeaseId;
            positions[i] = step.Position;
            names[i] = step.Name;
            ordinals[i] = step.Ordinal;
            results[i] = step.Result;
            started[i] = step.StartedAt;
            finished[i] = step.FinishedAt;
            if (step.Failed)
            {
                (failed ??= new bool[count])[i] = true;
            }
        }

        parameters.AddUuid(orchestratorId);
        parameters.AddArray(leases, NpgsqlDbType.Bigint);
        parameters.AddArray(positions, NpgsqlDbType.Integer);
        parameters.AddArray(names, NpgsqlDbType.Text);
        parameters.AddArray(ordinals, NpgsqlDbType.Integer);
        parameters.AddArray(results, NpgsqlDbType.Jsonb);
        parameters.AddArray(started, NpgsqlDbType.TimestampTz);
        parameters.AddArray(finished, NpgsqlDbType.TimestampTz);
        parameters.AddArray(failed, NpgsqlDbType.Boolean);
    }

    private static DateTime? Time(NpgsqlDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) || reader.GetDateTime(ordinal) == DateTime.MaxValue ? null : reader.GetDateTime(ordinal);

    private static StepEffect ParseEffect(string name) => name switch
    {
        "saved" => StepEffect.Saved,
        "existing" => StepEffect.Existing,
        "rejected" => StepEffect.Rejected,
        _ => throw Unknown("effect", name),
    };

    private static StepState ParseState(string name) => name switch
    {
        "done" => StepState.Done,
        "failed" => StepState.Failed,
        "waiting" => StepState.Waiting,
        "expired" => StepState.Expired,
        _ => throw Unknown("state of a step", name),
    };

    private static ConductorException Unknown(string what, string name) =>
        new(ConductorErrorCode.Schema, string.Create(CultureInfo.InvariantCulture, $"The database knows a {what} \"{name}\" that this version of PgConductor does not: upgrade the library."));
}
