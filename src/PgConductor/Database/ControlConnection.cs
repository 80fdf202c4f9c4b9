using Npgsql;

namespace PgConductor.Database;

/// <summary>The one connection for heartbeats and for saying "idle": outside the pool, reopened when it breaks, one call at a time.</summary>
/// <remarks>"Idle" is a lock of the session, so a new session says it again; a dead process's answer ends with its session.</remarks>
internal sealed class ControlConnection(Sessions sessions) : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly HashSet<string> _idle = new(StringComparer.Ordinal);
    private NpgsqlConnection? _connection;

    public async Task<T> RunAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var connection = await OpenAsync_NeedsGate(cancellationToken).ConfigureAwait(false);
            return await call(connection, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            await DropBroken_NeedsGate().ConfigureAwait(false);
            var translated = SqlStateMap.Translate(exception);
            if (ReferenceEquals(translated, exception))
            {
                throw;
            }

            throw translated;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task<bool> SetIdleAsync(string queue, bool idle, CancellationToken cancellationToken) =>
        await RunAsync(
            async (connection, token) =>
            {
                if (idle == _idle.Contains(queue))
                {
                    return true;
                }

                var done = await CallIdleAsync(connection, queue, idle, token).ConfigureAwait(false);
                if (done || !idle)
                {
                    _ = idle ? _idle.Add(queue) : _idle.Remove(queue);
                }

                return done;
            },
            cancellationToken).ConfigureAwait(false);

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync().ConfigureAwait(false);
        }

        _gate.Dispose();
    }

    private static async Task<bool> CallIdleAsync(NpgsqlConnection connection, string queue, bool idle, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(idle ? "select pgconductor.worker_idle($1)" : "select pgconductor.worker_busy($1)", connection);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.AddText(queue);
            return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is true;
        }
    }

    private async Task<NpgsqlConnection> OpenAsync_NeedsGate(CancellationToken cancellationToken)
    {
        if (_connection is not null)
        {
            return _connection;
        }

        var connection = await sessions.OpenOwnAsync(cancellationToken).ConfigureAwait(false);
        _connection = connection;
        foreach (var queue in _idle)
        {
            await CallIdleAsync(connection, queue, idle: true, cancellationToken).ConfigureAwait(false);
        }

        return connection;
    }

    private async Task DropBroken_NeedsGate()
    {
        if (_connection is { FullState: System.Data.ConnectionState.Broken or System.Data.ConnectionState.Closed } broken)
        {
            _connection = null;
            await broken.DisposeAsync().ConfigureAwait(false);
        }
    }
}
