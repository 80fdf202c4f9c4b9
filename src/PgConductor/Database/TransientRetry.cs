namespace PgConductor.Database;

/// <summary>Runs a call again after transient errors: the whole call anew, with growing, spread pauses, until a deadline.</summary>
internal sealed class TransientRetry(TimeSpan timeout, TimeProvider timeProvider)
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(2);

    /// <param name="call">Given how often it was tried before, so that a repetition can say that it is one.</param>
    /// <param name="cancellationToken">Ends the pauses too.</param>
    public async Task<T> RunAsync<T>(Func<int, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        var start = timeProvider.GetTimestamp();
        for (var repetition = 0; ; repetition++)
        {
            try
            {
                return await call(repetition, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                var translated = SqlStateMap.Translate(exception);
                if (!SqlStateMap.IsTransient(translated))
                {
                    throw Rethrowable(exception, translated);
                }

                var pause = Pause(repetition);
                if (timeProvider.GetElapsedTime(start) + pause > timeout)
                {
                    throw Rethrowable(exception, translated);
                }

                await Task.Delay(pause, timeProvider, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>20 ms, doubling to 2 s, each spread over its upper half, so that clients cut off together do not return together.</summary>
    internal static TimeSpan Pause(int repetition)
    {
        var full = _firstPause * Math.Pow(2, Math.Min(repetition, 16));
        return (full < _longestPause ? full : _longestPause) * (0.5 + (Random.Shared.NextDouble() / 2));
    }

    private static Exception Rethrowable(Exception original, Exception translated)
    {
        if (ReferenceEquals(original, translated))
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(original);
        }

        return translated;
    }
}
