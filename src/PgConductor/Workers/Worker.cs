using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using PgConductor.Client;
using PgConductor.Database;
using PgConductor.Serialization;

namespace PgConductor.Workers;

/// <summary>The pipeline of one queue in one process: claim, run, record.</summary>
/// <remarks>
/// The fetcher claims into a buffer, as many slots as the concurrency run what is in it, the flusher records outcomes;
/// none waits for another except where the buffer is empty or full.
/// </remarks>
internal sealed class Worker : IAsyncDisposable
{
    /// <summary>How long a stop waits for a claim that is under way.</summary>
    private static readonly TimeSpan _claimGrace = TimeSpan.FromSeconds(2);

    private readonly WorkerServices _services;
    private readonly ILogger _logger;
    private readonly WorkerLoad _load;
    private readonly WakeSignal _bell;
    private readonly ResultFlusher _flusher;
    private readonly ExecutionRunner _runner;
    private readonly ExecutionFetcher _fetcher;
    private readonly BatchRunner? _batchRunner;
    private readonly BatchCollector? _batches;
    private readonly Channel<ISlotWork> _buffer = Channel.CreateUnbounded<ISlotWork>();
    private readonly ConcurrentDictionary<long, Lease> _leases = new();
    private readonly PendingCancels _pendingCancels = new();

    /// <summary>Never disposed of: one that is late gives it back after the end, and it has no wait handle.</summary>
    private readonly SemaphoreSlim _directStarts = new(1, 1);

    private readonly CancellationTokenSource _stopFetching = new();
    private readonly CancellationTokenSource _abandonClaim = new();
    private readonly CancellationTokenSource _stopFlushing = new();
    private readonly CancellationTokenSource _abandonFlushing = new();
    private Task _fetching = Task.CompletedTask;
    private Task _flushing = Task.CompletedTask;
    private Task _running = Task.CompletedTask;
    private int _fences;
    private volatile bool _isClosed;

    public Worker(WorkerServices services)
    {
        _services = services;
        _logger = services.LoggerFactory.CreateLogger<Worker>();
        _bell = new WakeSignal(services.TimeProvider);
        _flusher = new ResultFlusher(services, OnLeaseOver, lease => StopLease(lease, StopReason.Fenced));
        _load = new WorkerLoad(() => _flusher.Unsent);
        _runner = new ExecutionRunner(services, _flusher);
        if (services.Tasks.Values.Any(task => task is BatchRegistration))
        {
            _batchRunner = new BatchRunner(services);
            _batches = new BatchCollector(services, _load, task => new RunningBatch(task, services, _runner, _flusher), batch => _buffer.Writer.TryWrite(batch));
        }

        _fetcher = new ExecutionFetcher(services, _load, _bell, BeginClaim, OnClaimed, EndClaim, _batches);
    }

    public string Queue => _services.Queue;

    public WorkerLoad Load => _load;

    public long EmptySweeps => _fetcher.EmptySweeps;

    /// <summary>The leases this worker knows to hold.</summary>
    public IEnumerable<long> KnownLeases => _leases.Keys;

    public void Start()
    {
        WorkerLog.Started(_logger, Queue, _services.Tasks.Count, _services.Options.Concurrency);
        _flushing = Task.Run(() => _flusher.RunAsync(_stopFlushing.Token, _abandonFlushing.Token));
        _running = Task.WhenAll(Enumerable.Range(0, _services.Options.Concurrency).Select(_ => Task.Run(RunSlotAsync)));
        _fetching = Task.Run(() => _fetcher.RunAsync(_stopFetching.Token, _abandonClaim.Token));
    }

    /// <summary>There may be work: look now.</summary>
    public void Wake()
    {
        _fetcher.EndRest();
        _bell.Ring();
    }

    /// <summary>Batches that wait for more start with what is due already.</summary>
    public void CloseBatches()
    {
        if (_batches?.CloseSoon() == true)
        {
            _bell.Ring();
        }
    }

    /// <summary>Keeps a slot for an execution that this process is about to enqueue. Null: none is free, more is waiting, or another one is on its way.</summary>
    /// <remarks>One at a time: invokes that are made at the same time travel together instead, and are claimed together.</remarks>
    public IDirectStart? TryBeginDirectStart(Guid executionId, Action<ConductorException> onRefused)
    {
        if (!_services.Options.StartDirectly || !_fetcher.Rests || !_directStarts.Wait(0))
        {
            return null;
        }

        if (_load.TryReserve(_services.Options.Concurrency))
        {
            return new DirectStart(_services, _pendingCancels.Begin(Volatile.Read(ref _fences), executionId), OnClaimed, EndDirectStart, onRefused, _abandonClaim.Token);
        }

        // It will be enqueued, and is before what comes when a slot is free.
        _fetcher.EndRest();
        _directStarts.Release();
        return null;
    }

    /// <summary>Tells a running or waiting execution to stop. False: it is not here.</summary>
    public bool Cancel(Guid executionId, string reason)
    {
        var isHere = false;
        foreach (var lease in _leases.Values)
        {
            foreach (var execution in lease.Executions)
            {
                // One that has ended here, in a lease that goes on, may run once more in another, or be on its way here.
                if (execution.ExecutionId == executionId)
                {
                    isHere |= execution.Stop(StopReason.Cancelled, reason);
                }
            }
        }

        return isHere;
    }

    /// <summary>After <see cref="Cancel"/> found it nowhere: if the claim that is under way brings it, it is stopped at once.</summary>
    public void CancelWhenClaimed(Guid executionId, string reason)
    {
        _pendingCancels.Add(executionId, reason);

        // It may have come between the two looks.
        Cancel(executionId, reason);
    }

    /// <summary>This process was taken over: everything in hand is somebody else's now.</summary>
    public void Fence()
    {
        // First: a claim that was answered before the takeover and is read only now is lost too.
        Interlocked.Increment(ref _fences);
        foreach (var lease in _leases.Values)
        {
            lease.MarkLost();
            StopLease(lease, StopReason.Fenced);
            _leases.TryRemove(lease.Id, out _);
        }
    }

    /// <summary>Hands back what has waited here for too long while others may be free.</summary>
    public void HandBackStale(TimeSpan longest)
    {
        foreach (var lease in _leases.Values)
        {
            if (_services.TimeProvider.GetElapsedTime(lease.ClaimedAt) > longest)
            {
                var count = HandBack(lease, openBatches: false);
                if (count > 0)
                {
                    WorkerLog.HandedBack(_logger, Queue, count);
                }
            }
        }
    }

    /// <summary>Claims nothing more and hands back what has not started.</summary>
    public async Task StopClaimingAsync()
    {
        _services.Flows.Drain.Set();
        await _stopFetching.CancelAsync().ConfigureAwait(false);
        _abandonClaim.CancelAfter(_claimGrace);
        await _fetching.ConfigureAwait(false);

        if (!_isClosed)
        {
            // Taken for good: nothing is started directly any more. One that is on its way is given up like a claim; should its answer
            // come all the same, it is not known here, and goes back when this process leaves.
            await _directStarts.WaitAsync(_claimGrace * 2).ConfigureAwait(false);
            _isClosed = true;
        }

        foreach (var lease in _leases.Values)
        {
            HandBack(lease, openBatches: true);
        }

        _batches?.Dispose();
        _buffer.Writer.TryComplete();
        _flusher.Hurry();
    }

    /// <summary>Waits until the handlers have returned. True: all have.</summary>
    public async Task<bool> WaitForHandlersAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (_running.IsCompleted)
        {
            return true;
        }

        try
        {
            await _running.WaitAsync(timeout, _services.TimeProvider, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            return _running.IsCompleted;
        }
    }

    /// <summary>Tells every running handler to stop.</summary>
    public void CancelHandlers()
    {
        foreach (var lease in _leases.Values)
        {
            StopLease(lease, StopReason.Shutdown);
        }

        _batchRunner?.StopAll(StopReason.Shutdown);
    }

    /// <summary>Records what is known and ends. Returns how many handlers were still running.</summary>
    public async Task<int> StopAsync(TimeSpan flushTimeout)
    {
        await _stopFlushing.CancelAsync().ConfigureAwait(false);
        _abandonFlushing.CancelAfter(flushTimeout);
        await _flushing.ConfigureAwait(false);
        var left = _load.Running;
        WorkerLog.Stopped(_logger, Queue, left);
        return left;
    }

    public ValueTask DisposeAsync()
    {
        _stopFetching.Dispose();
        _abandonClaim.Dispose();
        _stopFlushing.Dispose();
        _abandonFlushing.Dispose();
        return default;
    }

    private ClaimUnderWay BeginClaim() => _pendingCancels.Begin(Volatile.Read(ref _fences));

    private void EndClaim(ClaimUnderWay underWay)
    {
        foreach (var (executionId, reason) in _pendingCancels.End(underWay) ?? [])
        {
            Cancel(executionId, reason);
        }
    }

    private void EndDirectStart(ClaimUnderWay underWay)
    {
        _load.Release();
        EndClaim(underWay);
        _directStarts.Release();
    }

    private void OnClaimed(Claim claim, ClaimUnderWay underWay)
    {
        if (_isClosed)
        {
            return;
        }

        var lease = new Lease(claim.LeaseId!.Value, claim.Executions.Count, _services.TimeProvider.GetTimestamp());
        var executions = new RunningExecution[claim.Executions.Count];
        for (var i = 0; i < executions.Length; i++)
        {
            executions[i] = new RunningExecution(claim.Executions[i], lease, _services);
        }

        lease.Executions = executions;
        _leases[lease.Id] = lease;
        if (Volatile.Read(ref _fences) != underWay.Fences)
        {
            lease.MarkLost();
            _leases.TryRemove(lease.Id, out _);
            WorkerLog.LeaseLost(_logger, Queue, lease.Id);
            return;
        }

        _load.Claimed(_batches is null ? executions.Length : executions.Count(execution => !_batches.Gathers(execution.TaskKey)));
        foreach (var execution in executions)
        {
            if (_batches?.TryAdd(execution) != true && !_buffer.Writer.TryWrite(execution))
            {
                // Closed meanwhile: as if the answer had not come.
                lease.MarkLost();
                _leases.TryRemove(lease.Id, out _);
                _load.Release();
            }
        }
    }

    private async Task RunSlotAsync()
    {
        await foreach (var work in _buffer.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            // A batch whose executions were all handed back is started too, and finds nothing.
            if (work is RunningExecution single && !single.TryStart())
            {
                continue;
            }

            _load.Started();
            var start = _services.TimeProvider.GetTimestamp();
            try
            {
                if (work is RunningExecution execution)
                {
                    await _runner.RunAsync(execution).ConfigureAwait(false);
                }
                else
                {
                    await _batchRunner!.RunAsync((RunningBatch)work).ConfigureAwait(false);
                }
            }
            catch (Exception exception) when (work is RunningBatch batch)
            {
                BatchLog.RunnerFailed(_logger, batch.TaskKey, exception);
                batch.End(exception);
            }
            catch (Exception exception) when (work is RunningExecution execution)
            {
                // Only what is not ours gets here, such as a listener of metrics that throws; the slot must live on.
                WorkerLog.RunnerFailed(_logger, execution.ExecutionId, execution.TaskKey, exception);
                _flusher.Add(execution, new Outcome(execution.Lease.Id, execution.Claimed.Position, OutcomeKind.Failed, Error: FailureRecord.From(exception)));
            }
            finally
            {
                _load.Ended(_services.TimeProvider.GetTimestamp() - start);
                if (_load.Buffered <= _services.Options.Concurrency || (_load.Finished & 63) == 0)
                {
                    _bell.Ring();
                }
            }
        }
    }

    private void OnLeaseOver(Lease lease)
    {
        _leases.TryRemove(lease.Id, out _);
        _bell.Ring();
    }

    private static void StopLease(Lease lease, StopReason reason)
    {
        foreach (var execution in lease.Executions)
        {
            execution.Stop(reason);
        }
    }

    private int HandBack(Lease lease, bool openBatches)
    {
        var count = 0;
        foreach (var execution in lease.Executions)
        {
            if ((openBatches || execution.Batch?.IsOpen != true) && execution.TryStart())
            {
                if (execution.Batch is null)
                {
                    _load.Release();
                }
                else
                {
                    execution.TryEnd();
                }

                count++;
                _flusher.Add(execution, new Outcome(lease.Id, execution.Claimed.Position, OutcomeKind.Released));
            }
        }

        return count;
    }
}
