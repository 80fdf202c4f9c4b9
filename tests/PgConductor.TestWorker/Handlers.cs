using Microsoft.Extensions.Logging;

namespace PgConductor.TestWorker;

/// <summary>What the worker does with an execution; every step is a line on stdout, which the test reads.</summary>
internal sealed class Handlers(WorkerSettings settings)
{
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets everything go on that waits at the gate, now and later.</summary>
    public void Open() => _gate.TrySetResult();

    public async Task RunAsync(int payload, TaskContext context)
    {
        Say($"start {context.ExecutionId} {context.Attempt} {payload}");
        if (settings.KeepLogs)
        {
#pragma warning disable CA1873 // What handlers log is a user's code.
            context.Logger.LogInformation("Attempt {Attempt} starts", context.Attempt);
#pragma warning restore CA1873
        }

        try
        {
            await WorkAsync(context);
        }
        catch (OperationCanceledException)
        {
            Say($"cancelled {context.ExecutionId} {context.Attempt}");
            throw;
        }

        Say($"end {context.ExecutionId} {context.Attempt}");
    }

    /// <summary>Handlers "batch", which completes one item and waits at the gate with the others, and "batch-noop".</summary>
    public async Task RunBatchAsync(BatchContext<int, NoResult> batch)
    {
        foreach (var item in batch.Items)
        {
            Say($"start {item.ExecutionId} {item.Attempt} {item.Payload}");
        }

        for (var i = 0; i < batch.Items.Count; i++)
        {
            batch.Items[i].Complete();
            Say($"end {batch.Items[i].ExecutionId} {batch.Items[i].Attempt}");
            if (settings.Handler == "batch")
            {
                await _gate.Task;
            }
        }
    }

    private async Task WorkAsync(TaskContext context)
    {
        switch (settings.Handler)
        {
            case "noop":
                break;
            case "slow":
                await Task.Delay(settings.Slow, context.CancellationToken);
                break;
            case "gate":
                await _gate.Task.WaitAsync(context.CancellationToken);
                break;
            case "stubborn":
                // It hears its cancellation, and goes on.
                await using (context.CancellationToken.Register(() => Say($"cancelled {context.ExecutionId} {context.Attempt}")))
                {
                    await _gate.Task;
                }

                break;
            case "steps":
                for (var i = 1; i <= 5; i++)
                {
                    await context.StepAsync($"s{i}", async () =>
                    {
                        Say($"step {i} {context.ExecutionId}");
                        if (i == 3)
                        {
                            // Whatever it is told.
                            await _gate.Task;
                        }

                        return i;
                    });
                }

                break;
            case "event":
                var paid = await context.ExpectEventAsync<int>("paid", "paid");
                Say($"expects {context.ExecutionId}");
                await _gate.Task;
                Say($"event {(await paid.WaitAsync()).Payload}");
                break;
            case "suicide":
                Environment.FailFast("the handler was asked to end its process");
                break;
            default:
                throw new NonRetryableException($"There is no handler \"{settings.Handler}\".");
        }
    }

    public static void Say(string line)
    {
        lock (Console.Out)
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
        }
    }
}
