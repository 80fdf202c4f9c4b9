using System.Text.Json;
using PgConductor.Database;

namespace PgConductor.TestSupport.InMemory;

/// <summary>Waits for events: expect_event, and what an event wakes.</summary>
internal sealed partial class Flows
{
    public bool Expect(Guid orchestratorId, long leaseId, int position, byte[] what)
    {
        if (!tables.Leases.TryGetValue(leaseId, out var lease) || lease.OrchestratorId != orchestratorId || !lease.IsOpen(position))
        {
            return false;
        }

        using var document = JsonDocument.Parse(what);
        CheckEvent(document.RootElement);
        lease.Stepped.Add(position);
        var item = lease.Items[position - 1];
        Begin(item, tables.Steps.TryGetValue(item.Id, out var known) ? known : tables.Steps[item.Id] = new(StringComparer.Ordinal), document.RootElement);
        return true;
    }

    public void Deliver(string key, JsonElement payload)
    {
        var waits = tables.Steps
            .SelectMany(execution => execution.Value.Values.Select(step => (Id: execution.Key, Step: step)))
            .Where(wait => wait.Step is { Kind: StepKind.Event, FinishedAt: null } && wait.Step.Key == key && !(wait.Step.Deadline <= tables.Now) && EventMatch.Passes(wait.Step.Match, payload))
            .ToList();
        foreach (var (id, step) in waits)
        {
            Resolve(new ParentRow(id, step.Queue!, step.Name), completed: true, System.Text.Encoding.UTF8.GetBytes(payload.GetRawText()));
        }
    }

    private static void CheckEvent(JsonElement wait)
    {
        if (wait.GetProperty("kind").GetString() != StepKind.Event)
        {
            return;
        }

        Events.CheckKey(wait.TryGetProperty("key", out var key) ? key.GetString() : null);
        if (wait.TryGetProperty("detail", out var detail) && detail.TryGetProperty("match", out var match))
        {
            EventMatch.Check(match);
        }
    }
}
