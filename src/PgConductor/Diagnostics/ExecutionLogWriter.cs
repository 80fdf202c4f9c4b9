using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using PgConductor.Database;

namespace PgConductor.Diagnostics;

/// <summary>Writes the log lines of a process's executions in batches, beside the handlers; holds a bounded number of them and drops what comes beyond.</summary>
/// <remarks>
/// Written by whoever logs; one loop reads and sends. A call that failed for now is repeated, and may store lines twice if only its answer
/// was lost; one that the database refuses is dropped. Thread-safe.
/// </remarks>
#pragma warning disable CA1001 // Its end is StopAsync, which disposes.
internal sealed class ExecutionLogWriter(ILogStore database, ExecutionLogOptions options, TimeProvider timeProvider, ILogger logger)
{
    private const int BatchSize = 1000;
    private const int BatchBytes = 4 * 1024 * 1024;

    private readonly Channel<LogLine> _waiting = Channel.CreateBounded<LogLine>(new BoundedChannelOptions(options.MaxWaiting) { SingleReader = true });
    private readonly TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _full = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;

    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public ExecutionLogOptions Options => options;

    /// <summary>Whether lines of a task's executions are kept.</summary>
    public bool Keeps(TaskOptions task) => Keeps(task, options);

    /// <inheritdoc cref="Keeps(TaskOptions)"/>
    public static bool Keeps(TaskOptions task, ExecutionLogOptions options) => (task.KeepLogs ?? options.Keep) is { Seconds: not 0 };

    public DateTime Now => timeProvider.GetUtcNow().UtcDateTime;

    /// <summary>Never waits: a line that has no room is dropped and counted.</summary>
    public void Add(LogLine line)
    {
        if (!_waiting.Writer.TryWrite(line))
        {
            Telemetry.LogsDropped(1, "full");
            return;
        }

        if (Interlocked.Increment(ref _count) == BatchSize)
        {
            Volatile.Read(ref _full).TrySetResult();
        }
    }

    public void Start() => _running = Task.Run(() => RunAsync(_stop.Token));

    /// <summary>Writes what is left, for so long; what then is left is dropped.</summary>
    public async Task StopAsync(TimeSpan timeout)
    {
        Complete();
        _stop.CancelAfter(timeout);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <summary>Runs until <see cref="Complete"/> and everything is written, or the token ends it.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var batch = new List<LogLine>();
        try
        {
            while (await _waiting.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                await GatherAsync(cancellationToken).ConfigureAwait(false);
                Take(batch);
                await SendAsync(batch, cancellationToken).ConfigureAwait(false);
                batch.Clear();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Telemetry.LogsDropped(batch.Count + _waiting.Reader.Count, "stopped");
        }
    }

    /// <summary>Nothing comes any more: what is there is written at once.</summary>
    public void Complete()
    {
        _waiting.Writer.TryComplete();
        _hurry.TrySetResult();
    }

    /// <summary>More comes along, until the interval is over or a batch is full.</summary>
    private async Task GatherAsync(CancellationToken cancellationToken)
    {
        // Before the count is looked at: who makes it full from now on completes this one.
        var full = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _full, full);
        if (Volatile.Read(ref _count) < BatchSize && options.FlushInterval > TimeSpan.Zero && !_hurry.Task.IsCompleted)
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(_hurry.Task, full.Task, Task.Delay(options.FlushInterval, timeProvider, end.Token)).ConfigureAwait(false);

            // A timer that is waited for no more.
            await end.CancelAsync().ConfigureAwait(false);
        }
    }

    private void Take(List<LogLine> batch)
    {
        for (long bytes = 0; batch.Count < BatchSize && bytes < BatchBytes && _waiting.Reader.TryRead(out var line);)
        {
            Interlocked.Decrement(ref _count);
            batch.Add(line);
            bytes += line.Message.Length + (line.Exception?.Length ?? 0) + 100;
        }
    }

    private async Task SendAsync(List<LogLine> batch, CancellationToken cancellationToken)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                Telemetry.LogsKept(await database.AppendLogsAsync(batch, cancellationToken).ConfigureAwait(false));
                return;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                Telemetry.DatabaseError("logs", exception);
                if (!SqlStateMap.IsTransient(exception))
                {
                    DiagnosticsLog.LogsRefused(logger, batch.Count, exception);
                    Telemetry.LogsDropped(batch.Count, "refused");
                    return;
                }

                if (failures == 0)
                {
                    DiagnosticsLog.LogsDelayed(logger, batch.Count, exception);
                }

                await Task.Delay(TransientRetry.Pause(failures), timeProvider, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
