namespace PgConductor.Workers;

/// <summary>A bell: rung by anybody, heard by one waiter; rung while nobody waits, it is heard at the next wait.</summary>
#pragma warning disable CA1001 // A SemaphoreSlim whose wait handle nobody asks for has nothing to dispose of.
internal sealed class WakeSignal(TimeProvider timeProvider)
#pragma warning restore CA1001
{
    private static readonly TimeSpan _longest = TimeSpan.FromDays(1);

    private readonly SemaphoreSlim _bell = new(0, 1);
    private readonly Lock _gate = new();

    public void Ring()
    {
        lock (_gate)
        {
            if (_bell.CurrentCount == 0)
            {
                _bell.Release();
            }
        }
    }

    /// <summary>As <see cref="WaitAsync"/>, on a thread that may block.</summary>
    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken) =>
        timeProvider == TimeProvider.System
            ? _bell.Wait(timeout <= TimeSpan.Zero ? TimeSpan.Zero : timeout < _longest ? timeout : _longest, cancellationToken)
            : WaitAsync(timeout, cancellationToken).GetAwaiter().GetResult();

    /// <summary>True: it rang. False: the time was up.</summary>
    public async Task<bool> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (timeout <= TimeSpan.Zero)
        {
            return _bell.Wait(0, cancellationToken);
        }

        if (timeProvider == TimeProvider.System)
        {
            return await _bell.WaitAsync(timeout < _longest ? timeout : _longest, cancellationToken).ConfigureAwait(false);
        }

        using var limit = new CancellationTokenSource(timeout < _longest ? timeout : _longest, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _bell.WaitAsync(either.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
