using System.Text.Json;
using PgConductor.Cli.Connections;
using PgConductor.Cli.Output;
using PgConductor.Client;

namespace PgConductor.Cli.Commands;

/// <summary>One run of invoke: enqueues one execution or many, and waits for them if asked to.</summary>
internal sealed class Invocation(CommandContext context, string taskKey, JsonElement payload, InvokeOptions options, bool wait, TimeSpan? timeout)
{
    /// <summary>Executions enqueued with one statement: large enough to be fast, small enough to show progress and to be interrupted.</summary>
    private const int ChunkSize = 10_000;

    /// <summary>How many ids a summary of many carries.</summary>
    private const int MostIds = 1000;

    public async Task<int> RunOneAsync(CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var handle = await database.Conductor.InvokeAsync(taskKey, payload, options, cancellationToken: cancellationToken);
        var disposition = Text.Of(handle.Disposition);
        if (!wait)
        {
            context.Output.Write(new { handle.Id, Task = taskKey, Disposition = disposition }, handle.Disposition == InvokeDisposition.Created ? handle.Id.ToString() : $"{handle.Id} ({disposition})");
            return ExitCodes.Ok;
        }

        var state = await WaitAsync(database, handle.Id, timeout, cancellationToken);
        if (state is null)
        {
            throw InTime($"Execution {handle.Id} had no outcome within {Text.Age(timeout)}; it goes on.");
        }

        var info = (await database.Conductor.GetAsync(handle.Id, cancellationToken))!;
        var document = new { info.Id, Task = taskKey, Disposition = disposition, info.State, info.Attempts, info.Result, info.Reason };
        if (info.State == ExecutionState.Completed)
        {
            context.Output.Write(document, info.Result?.GetRawText() ?? "");
            return ExitCodes.Ok;
        }

        if (context.Output.Json)
        {
            context.Output.Write(document, "");
        }

        throw new CliException(
            ExitCodes.ExecutionNotCompleted,
            info.State == ExecutionState.Cancelled ? ConductorErrorCode.ExecutionCancelled : ConductorErrorCode.ExecutionFailed,
            $"Execution {info.Id} {(info.State == ExecutionState.Cancelled ? "was cancelled" : $"failed after {info.Attempts} attempts")}: {info.Reason}");
    }

    public async Task<int> RunManyAsync(int count, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync();
        var ids = new List<Guid>(Math.Min(count, 1_000_000));
        var clock = context.Environment.TimeProvider;
        var start = clock.GetTimestamp();
        try
        {
            await context.Output.WithProgressAsync($"enqueueing {taskKey}", count, progress => EnqueueAsync(database.Conductor, count, ids, progress, cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new CliException(ExitCodes.Interrupted, "interrupted", $"Interrupted: {ids.Count} of {count} executions are enqueued for certain{(ids.Count > 0 ? $", the last is {ids[^1]}" : "")}.");
        }

        var seconds = Math.Round(clock.GetElapsedTime(start).TotalSeconds, 3);
        var outcomes = wait ? await WaitForAllAsync(database, ids, cancellationToken) : null;
        var document = new
        {
            Task = taskKey,
            Count = ids.Count,
            FirstId = ids[0],
            LastId = ids[^1],
            Ids = ids.Count <= MostIds ? ids : null,
            EnqueueSeconds = seconds,
            Completed = outcomes?.Completed,
            Failed = outcomes?.Failed,
            Cancelled = outcomes?.Cancelled,
        };
        var text = $"{ids.Count} executions of {taskKey} enqueued in {seconds} s";
        context.Output.Write(document, outcomes is null ? text : $"{text}: {outcomes.Completed} completed, {outcomes.Failed} failed, {outcomes.Cancelled} cancelled");
        return outcomes is null || outcomes.Completed == ids.Count ? ExitCodes.Ok : ExitCodes.ExecutionNotCompleted;
    }

    private async Task EnqueueAsync(Conductor conductor, int count, List<Guid> ids, Action<long> progress, CancellationToken cancellationToken)
    {
        var chunk = new InvokeItem[Math.Min(count, ChunkSize)];
        Array.Fill(chunk, new InvokeItem(taskKey, payload, options));
        while (ids.Count < count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            IReadOnlyList<InvokeItem> items = count - ids.Count < chunk.Length ? new ArraySegment<InvokeItem>(chunk, 0, count - ids.Count) : chunk;
            var outcomes = await conductor.InvokeManyAsync(items, options.DedupePolicy, cancellationToken: cancellationToken);
            ids.AddRange(outcomes.Select(outcome => outcome.Id));
            progress(ids.Count);
        }
    }

    private async Task<Outcomes> WaitForAllAsync(CliDatabase database, List<Guid> ids, CancellationToken cancellationToken)
    {
        var clock = context.Environment.TimeProvider;
        var start = clock.GetTimestamp();
        var outcomes = new Outcomes();
        await context.Output.WithProgressAsync($"waiting for {taskKey}", ids.Count, async progress =>
        {
            foreach (var id in ids)
            {
                var left = timeout - clock.GetElapsedTime(start);
                var state = await WaitAsync(database, id, left < TimeSpan.Zero ? TimeSpan.Zero : left, cancellationToken)
                    ?? throw InTime($"{outcomes.All} of {ids.Count} executions had their outcome within {Text.Age(timeout)}; the others go on.");
                outcomes.Add(state);
                progress(outcomes.All);
            }
        });
        return outcomes;
    }

    /// <summary>The outcome; null: none in time.</summary>
    private static async Task<ExecutionState?> WaitAsync(CliDatabase database, Guid id, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        try
        {
            await database.Conductor.GetHandle<JsonElement?>(id).WaitAsync(timeout, cancellationToken);
            return ExecutionState.Completed;
        }
        catch (ConductorException exception) when (exception.Code == ConductorErrorCode.ExecutionFailed)
        {
            return ExecutionState.Failed;
        }
        catch (ConductorException exception) when (exception.Code == ConductorErrorCode.ExecutionCancelled)
        {
            return ExecutionState.Cancelled;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private static CliException InTime(string message) => new(ExitCodes.NoOutcomeInTime, ConductorErrorCode.Timeout, message);

    private sealed class Outcomes
    {
        public int Completed { get; private set; }

        public int Failed { get; private set; }

        public int Cancelled { get; private set; }

        public int All => Completed + Failed + Cancelled;

        public void Add(ExecutionState state) =>
            _ = state switch
            {
                ExecutionState.Completed => Completed++,
                ExecutionState.Failed => Failed++,
                _ => Cancelled++,
            };
    }
}
