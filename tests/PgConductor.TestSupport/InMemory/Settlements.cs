using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using PgConductor.Database;

namespace PgConductor.TestSupport.InMemory;

/// <summary>return_executions and the one transition of a running execution, which recovery uses too.</summary>
internal sealed class Settlements(Tables tables)
{
    private const double Longest = 3155760000;

    public IReadOnlyList<Settlement> Return(Guid orchestratorId, OutcomeBatch batch)
    {
        foreach (var outcome in batch.Outcomes)
        {
            ServerErrors.CheckJson(outcome.Result);
            ServerErrors.CheckJson(outcome.Error);
        }

        var settlements = new List<Settlement>();
        foreach (var id in batch.CompletedLeases)
        {
            settlements.AddRange(CompleteWhole(orchestratorId, id));
        }

        foreach (var outcome in batch.Outcomes)
        {
            settlements.Add(new Settlement(outcome.LeaseId, outcome.Position, Settle(orchestratorId, outcome)));
        }

        return settlements;
    }

    public Effect Settle(Guid orchestratorId, Outcome outcome)
    {
        if (!tables.Leases.TryGetValue(outcome.LeaseId, out var lease) || lease.OrchestratorId != orchestratorId || !lease.IsOpen(outcome.Position))
        {
            return Effect.Rejected;
        }

        var item = lease.Items[outcome.Position - 1];
        var task = tables.Tasks[item.TaskKey];
        var cancel = lease.Cancels.GetValueOrDefault(outcome.Position);
        var isLast = item.Attempts >= (item.MaxAttempts ?? task.MaxAttempts);
        var tooLong = outcome.Delay?.TotalSeconds > Longest;
        var effect = outcome.Kind switch
        {
            OutcomeKind.Completed => Effect.Completed,
            _ when cancel is not null => Effect.Cancelled,
            OutcomeKind.Cancelled => Effect.Cancelled,
            OutcomeKind.Suspended => Effect.Suspended,
            OutcomeKind.Dead => Effect.Failed,
            OutcomeKind.Failed when isLast => Effect.Failed,
            _ when tooLong => Effect.Failed,
            OutcomeKind.Released => Effect.Released,
            _ => Effect.Retried,
        };
        if (outcome.Kind is OutcomeKind.Failed or OutcomeKind.Dead)
        {
            item = item with { Errors = Append(item.Errors, outcome.Error, item.Attempts) };
        }

        if (lease.Stepped.Contains(outcome.Position))
        {
            item = item with { HasFlow = true };
        }

        if (effect == Effect.Suspended)
        {
            tables.Flows.Suspend(item, outcome.Result ?? throw ServerErrors.Of("PC004", "an execution cannot wait for nothing"));
        }

        lease.Done.Add(outcome.Position);
        if (lease.Left == 0)
        {
            tables.Leases.Remove(lease.Id);
        }

        switch (effect)
        {
            case Effect.Retried or Effect.Released:
                PutBack(item, effect, outcome, task);
                break;
            case Effect.Suspended:
                break;
            case Effect.Completed:
                tables.Bury(item, ExecutionState.Completed, lease.ClaimedAt, null, outcome.Result);
                break;
            default:
                var reason = cancel ?? (tooLong && (outcome.Kind == OutcomeKind.Released || !isLast) && outcome.Kind is OutcomeKind.Failed or OutcomeKind.Released
                    ? $"a delay of {outcome.Delay!.Value.TotalSeconds} seconds is not possible: {Message(outcome.Error)}"
                    : Message(outcome.Error) ?? "no reason was given");
                tables.Bury(item, effect == Effect.Cancelled ? ExecutionState.Cancelled : ExecutionState.Failed, lease.ClaimedAt, reason, null);
                break;
        }

        if (outcome.Kind == OutcomeKind.Released || outcome.Delay == TimeSpan.Zero)
        {
            tables.Wake(lease.Queue);
        }

        return effect;
    }

    private List<Settlement> CompleteWhole(Guid orchestratorId, long id)
    {
        if (!tables.Leases.TryGetValue(id, out var lease) || lease.OrchestratorId != orchestratorId)
        {
            return [new Settlement(id, 0, Effect.Rejected)];
        }

        var cheap = lease.Plain && lease.Stepped.Count == 0 && lease.Cancels.Count == 0 && lease.Done.Count == 0;
        var each = Enumerable.Range(1, lease.Items.Count)
            .Select(position => new Settlement(id, position, Settle(orchestratorId, new Outcome(id, position, OutcomeKind.Completed))))
            .ToList();
        return cheap ? [new Settlement(id, 0, Effect.Completed)] : each;
    }

    private void PutBack(ExecutionRow item, Effect effect, Outcome outcome, TaskRow task)
    {
        var seconds = effect == Effect.Released
            ? Math.Max(outcome.Delay?.TotalSeconds ?? 0, 0)
            : outcome.Delay is { } delay ? Math.Max(delay.TotalSeconds, 0) : Backoff(item, task);
        tables.Waiting.Add(item with
        {
            RunAt = tables.Now.AddMicroseconds(Math.Round(seconds * 1_000_000)),
            Attempts = effect == Effect.Released ? item.Attempts - 1 : item.Attempts,
        });
    }

    private static double Backoff(ExecutionRow item, TaskRow task) =>
        task.Backoff[Math.Min(item.Attempts, task.Backoff.Length) - 1] * (1 + (task.BackoffJitter * ((2 * Random.Shared.NextDouble()) - 1)));

    private ImmutableList<JsonElement> Append(ImmutableList<JsonElement> errors, byte[]? error, int attempt)
    {
        var record = error is null ? new JsonObject() : JsonNode.Parse(error)!.AsObject();
        record["attempt"] = attempt;
        record["at"] = tables.Now.ToString("o", CultureInfo.InvariantCulture);
        errors = errors.Add(JsonSerializer.SerializeToElement(record));
        return errors.Count > 10 ? errors.RemoveAt(0) : errors;
    }

    private static string? Message(byte[]? error) => error is null ? null : (string?)JsonNode.Parse(error)?["message"];
}
