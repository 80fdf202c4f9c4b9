using System.Text.Json;
using PgConductor.Client;
using PgConductor.Database;

namespace PgConductor.Steps;

/// <summary>Waits of one run of an execution for events.</summary>
internal sealed class EventFlow(ExecutionFlow flow, IFlowOwner owner, FlowServices services)
{
    private static readonly TimeSpan _longest = TimeSpan.FromDays(36_500);

    /// <summary>Registers when the execution suspends.</summary>
    public Task<EventOutcome<T>> WaitAsync<T>(string name, string key, EventFilter? match, TimeSpan? timeout)
    {
        Check(key, timeout);
        var used = flow.Journal.Use(name, StepKind.Event);
        return used.Stored is null
            ? flow.Wait<EventOutcome<T>>(waits => waits.Add(Wait(name, used, key, match, timeout)))
            : Stored<T>(name, used);
    }

    /// <summary>Registers now.</summary>
    public async Task<EventExpectation<T>> ExpectAsync<T>(string name, string key, EventFilter? match, TimeSpan? timeout)
    {
        Check(key, timeout);
        var used = flow.Journal.Use(name, StepKind.Event);
        return used.Stored is not null
            ? new EventExpectation<T>(() => WaitAsync<T>(name, used))
            : await flow.RunAsync(async () =>
            {
                var wait = WaitList.ToJson(Wait(name, used, key, match, timeout));
                return await services.Database.ExpectEventAsync(services.OrchestratorId, owner.LeaseId, owner.Position, wait, owner.CancellationToken).ConfigureAwait(false)
                    ? new EventExpectation<T>(() => WaitAsync<T>(name, used))
                    : throw flow.Rejected(name);
            }).ConfigureAwait(false);
    }

    /// <summary>Waits for what is registered.</summary>
    private Task<EventOutcome<T>> WaitAsync<T>(string name, UsedStep used) =>
        used.Stored is null ? flow.Wait<EventOutcome<T>>(waits => waits.AddOpen(name)) : Stored<T>(name, used);

    private Task<EventOutcome<T>> Stored<T>(string name, UsedStep used) => used.Stored!.State switch
    {
        StepState.Waiting => flow.Wait<EventOutcome<T>>(waits => waits.AddOpen(name)),
        StepState.Expired => flow.RunAsync(() => CloseAsync<T>(used.Stored)),
        _ => Task.FromResult(End<T>(used.Stored)),
    };

    /// <summary>Stored, so that an event that comes later changes nothing. Unless it came just before.</summary>
    private async Task<EventOutcome<T>> CloseAsync<T>(StoredStep expired)
    {
        var deadline = expired.FinishedAt ?? flow.Journal.Now;
        var error = JsonSerializer.SerializeToUtf8Bytes(new TimeoutRecord("Timeout", $"no event came until {deadline:O}"), StepJson.Default.TimeoutRecord);
        var effect = await flow.SaveAsync(new StepSave(owner.LeaseId, owner.Position, expired.Name, expired.Ordinal, error, expired.StartedAt, deadline, Failed: true)).ConfigureAwait(false);
        return End<T>(effect == StepEffect.Existing
            ? await flow.ReloadAsync(expired.Name).ConfigureAwait(false)
            : expired with { State = StepState.Failed, Result = error });
    }

    private EventOutcome<T> End<T>(StoredStep stored)
    {
        if (stored.State == StepState.Done)
        {
            return new EventOutcome<T>(false, flow.Replay<T>(stored.Name, stored));
        }

        flow.Journal.Pass(stored.FinishedAt);
        return new EventOutcome<T>(true, default);
    }

    private static NewWait Wait(string name, UsedStep used, string key, EventFilter? match, TimeSpan? timeout) =>
        new(name, used.Ordinal, StepKind.Event, used.StartedAt) { Key = key, Match = match, Seconds = timeout?.TotalSeconds };

    private static void Check(string key, TimeSpan? timeout)
    {
        InvocationRules.CheckEventKey(key);
        if (timeout is { } limit && (limit <= TimeSpan.Zero || limit > _longest))
        {
            throw new ConductorException(ConductorErrorCode.InvalidArgument, $"Timeout {limit} is out of range: give more than zero and at most {_longest.TotalDays} days.");
        }
    }
}
