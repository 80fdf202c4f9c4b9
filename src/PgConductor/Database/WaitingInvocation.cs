using PgConductor.Client;

namespace PgConductor.Database;

/// <summary>A caller whose invoke waits for a lane. Its continuation never runs on the lane.</summary>
internal sealed class WaitingInvocation(Invocation invocation, CancellationToken cancellationToken)
{
    private readonly TaskCompletionSource<InvokeOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Invocation Invocation { get; } = invocation;

    public CancellationToken CancellationToken { get; } = cancellationToken;

    /// <summary>It has its outcome, or its caller has given up.</summary>
    public bool HasEnded => _outcome.Task.IsCompleted;

    public async Task<InvokeOutcome> WaitAsync()
    {
        var registration = CancellationToken.UnsafeRegister(static state => ((WaitingInvocation)state!).Cancel(), this);
        await using (registration.ConfigureAwait(false))
        {
            return await _outcome.Task.ConfigureAwait(false);
        }
    }

    public void SetResult(InvokeOutcome outcome) => _outcome.TrySetResult(outcome);

    public void SetException(Exception exception) => _outcome.TrySetException(exception);

    public void Cancel() => _outcome.TrySetCanceled(CancellationToken);
}
