using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PgConductor.Client;
using PgConductor.Database;

namespace PgConductor.Steps;

/// <summary>Children of one run of an execution: starting them, one or many, and giving the parent their ends.</summary>
internal sealed class ChildFlow(ExecutionFlow flow, IFlowOwner owner, FlowServices services)
{
    private const int MostChildren = 10_000;
    private const int MostBytes = 64 * 1024 * 1024;
    private const string TimedOut = "Timeout";

    private static readonly TimeSpan _longest = TimeSpan.FromDays(36_500);

    public Task<TResult> InvokeAsync<TPayload, TResult>(string name, TaskDefinition<TPayload, TResult> task, TPayload payload, ChildOptions? options)
    {
        ArgumentNullException.ThrowIfNull(task);
        options = Checked(task.Key, options);
        var used = flow.Journal.Use(name, StepKind.Child);
        if (used.Stored is { } stored)
        {
            return stored.State switch
            {
                StepState.Waiting => flow.Wait<TResult>(waits => waits.AddOpen(name)),
                StepState.Expired => flow.RunAsync(async () => End<TResult>(await CloseAsync(stored).ConfigureAwait(false))),
                _ => Ended<TResult>(stored),
            };
        }

        var wait = Child(name, used, task.Key, services.Serializer.Serialize(payload, $"payload of task \"{task.Key}\""), QueueOf(task, options));
        return flow.Wait<TResult>(waits => waits.Add(wait));
    }

    public Task<IReadOnlyList<TResult>> InvokeAllAsync<TPayload, TResult>(string name, TaskDefinition<TPayload, TResult> task, IEnumerable<TPayload> payloads, ChildOptions? options)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(payloads);
        options = QueueOf(task, Checked(task.Key, options));
        var group = flow.Journal.Use(name, StepKind.All);
        var children = payloads.Select((payload, index) =>
        {
            var childName = string.Create(CultureInfo.InvariantCulture, $"{name}/{index}");
            return (Name: childName, Payload: payload, Used: flow.Journal.Use(childName, StepKind.Child));
        }).ToList();
        if (children.Count == 0)
        {
            return Task.FromResult<IReadOnlyList<TResult>>([]);
        }

        if (group.Stored is not { } stored)
        {
            var what = $"payload of task \"{task.Key}\"";
            return Start<TResult>(name, group, [.. children.Select(child => Child(child.Name, child.Used, task.Key, services.Serializer.Serialize(child.Payload, what), options) with { Group = name })], options);
        }

        var unknown = children.Count(child => child.Used.Stored is null);
        if (unknown > 0)
        {
            throw new ConductorException(ConductorErrorCode.StepConflict, $"The step \"{name}\" was started with {children.Count - unknown} children and is now asked for with {children.Count}: what it is given must be the same in every run, so take it from the payload or from a step.");
        }

        var steps = children.ConvertAll(child => child.Used.Stored!);
        return stored.State switch
        {
            StepState.Waiting => flow.Wait<IReadOnlyList<TResult>>(waits => waits.AddOpen(name)),
            StepState.Expired => flow.RunAsync(() => CloseAllAsync<TResult>(steps)),
            _ => EndAll<TResult>(steps),
        };
    }

    private Task<IReadOnlyList<TResult>> Start<TResult>(string name, UsedStep group, NewWait[] children, ChildOptions options)
    {
        var bytes = children.Sum(child => (long)child.Child!.Payload.Length);
        if (children.Length > MostChildren || bytes > MostBytes)
        {
            throw new ConductorException(ConductorErrorCode.InvalidArgument, $"The step \"{name}\" has {children.Length} children with {bytes} bytes of payload: at most {MostChildren} children and {MostBytes} bytes go together. Invoke them in several steps.");
        }

        var all = new NewWait(name, group.Ordinal, StepKind.All, group.StartedAt) { Pending = children.Length, Seconds = options.Timeout?.TotalSeconds };
        return flow.Wait<IReadOnlyList<TResult>>(waits => waits.Add([all, .. children]));
    }

    private static NewWait Child(string name, UsedStep used, string taskKey, byte[] payload, ChildOptions options) =>
        new(name, used.Ordinal, StepKind.Child, used.StartedAt)
        {
            Seconds = options.Timeout?.TotalSeconds,
            Child = new ChildSpec(Guid.CreateVersion7(), taskKey, payload, options, Activity.Current?.Id),
        };

    /// <summary>Nobody waits any more: stored, so that an outcome that comes later changes nothing. Unless it came just before.</summary>
    private async Task<StoredStep> CloseAsync(StoredStep expired)
    {
        if (expired.State != StepState.Expired)
        {
            return expired;
        }

        var deadline = expired.FinishedAt ?? flow.Journal.Now;
        var error = JsonSerializer.SerializeToUtf8Bytes(new TimeoutRecord(TimedOut, $"it had no outcome until {deadline:O}"), StepJson.Default.TimeoutRecord);
        var effect = await flow.SaveAsync(new StepSave(owner.LeaseId, owner.Position, expired.Name, expired.Ordinal, error, expired.StartedAt, deadline, Failed: true)).ConfigureAwait(false);
        return effect == StepEffect.Existing
            ? await flow.ReloadAsync(expired.Name).ConfigureAwait(false)
            : expired with { State = StepState.Failed, Result = error };
    }

    private async Task<IReadOnlyList<TResult>> CloseAllAsync<TResult>(List<StoredStep> steps)
    {
        // One after the other would be a round trip each: the writer sends them together.
        var closed = await Task.WhenAll(steps.Select(CloseAsync)).ConfigureAwait(false);
        return [.. closed.Select(End<TResult>)];
    }

    private Task<IReadOnlyList<TResult>> EndAll<TResult>(List<StoredStep> steps)
    {
        try
        {
            return Task.FromResult<IReadOnlyList<TResult>>([.. steps.Select(End<TResult>)]);
        }
        catch (ChildFailedException exception)
        {
            return Task.FromException<IReadOnlyList<TResult>>(exception);
        }
    }

    private Task<TResult> Ended<TResult>(StoredStep stored)
    {
        try
        {
            return Task.FromResult(End<TResult>(stored));
        }
        catch (ChildFailedException exception)
        {
            return Task.FromException<TResult>(exception);
        }
    }

    private TResult End<TResult>(StoredStep stored)
    {
        if (stored.State == StepState.Done)
        {
            return flow.Replay<TResult>(stored.Name, stored);
        }

        flow.Journal.Pass(stored.FinishedAt);
        using var error = JsonDocument.Parse(stored.Result is { } json ? json : "{}"u8.ToArray());
        var type = Text(error, "type");
        var failure = type == TimedOut ? ChildFailure.TimedOut
            : error.RootElement.TryGetProperty("cancelled", out var cancelled) && cancelled.ValueKind == JsonValueKind.True ? ChildFailure.Cancelled
            : ChildFailure.Failed;
        throw new ChildFailedException(stored.Name, stored.ChildId ?? Guid.Empty, failure, failure == ChildFailure.Failed ? type : null, Text(error, "message") ?? "no reason was given");
    }

    private static string? Text(JsonDocument error, string name) =>
        error.RootElement.ValueKind == JsonValueKind.Object && error.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static ChildOptions Checked(string taskKey, ChildOptions? options)
    {
        options ??= ChildOptions.Default;
        InvocationRules.Check(taskKey, new InvokeOptions { Priority = options.Priority, MaxAttempts = options.MaxAttempts, Queue = options.Queue });
        if (options.Timeout is { } timeout && (timeout <= TimeSpan.Zero || timeout > _longest))
        {
            throw new ConductorException(ConductorErrorCode.InvalidArgument, $"Timeout {timeout} is out of range: give more than zero and at most {_longest.TotalDays} days.");
        }

        return options.Delay >= TimeSpan.Zero && options.Delay <= _longest
            ? options
            : throw new ConductorException(ConductorErrorCode.InvalidArgument, $"Delay {options.Delay} is out of range: give zero to {_longest.TotalDays} days.");
    }

    private static ChildOptions QueueOf(TaskDefinition task, ChildOptions options) =>
        options.Queue is not null || task.Options.Queue == TaskOptions.Default.Queue ? options : options with { Queue = task.Options.Queue };
}
