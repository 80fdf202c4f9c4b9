using System.Collections.Concurrent;
using Npgsql;

namespace PgConductor.Database;

/// <summary>The connections for claims, or for outcomes: outside the pool, so that a program that exhausts the pool does not stop its workers.</summary>
/// <remarks>
/// The one given back last is taken first: an idle process asks the same server process every time, which has everything
/// at hand (a pool that goes round pays for a cold one at each start of work). As many are open as were ever needed at
/// once, up to <see cref="Max"/>: the calls of a thousand queues that get work at the same moment take turns, in the order
/// in which they came, instead of opening a thousand. One that a call failed on is closed. Thread-safe.
/// </remarks>
/// <param name="open">Opens one more.</param>
internal sealed class LeaseConnections(Func<CancellationToken, Task<NpgsqlConnection>> open) : IAsyncDisposable
{
    /// <summary>More than a server's cores gain nothing from, and few enough to leave others theirs.</summary>
    public const int Max = 16;

    private readonly SemaphoreSlim _turns = new(Max, Max);
    private readonly ConcurrentStack<NpgsqlConnection> _free = new();
    private volatile bool _disposed;

    public async Task<T> RunAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> use, CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await RunInTurnAsync(use, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turns.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        while (_free.TryPop(out var connection))
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<T> RunInTurnAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> use, CancellationToken cancellationToken)
    {
        var connection = _free.TryPop(out var warm) ? warm : await open(cancellationToken).ConfigureAwait(false);
        var done = false;
        try
        {
            var result = await use(connection, cancellationToken).ConfigureAwait(false);
            done = true;
            return result;
        }
        finally
        {
            if (done && !_disposed)
            {
                _free.Push(connection);
            }
            else
            {
                await connection.DisposeAsync().ConfigureAwait(false);
            }
        }
    }
}
