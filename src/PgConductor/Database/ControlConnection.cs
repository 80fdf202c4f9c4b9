using System.Data;
using Npgsql;

namespace PgConductor.Database;

/// <summary>The one connection for heartbeats and for saying "idle": outside the pool, reopened when it breaks, one call at a time.</summary>
/// <remarks>
/// Its calls block instead of awaiting: a heartbeat that needed a thread of the pool to go on would stop when handlers
/// occupy them all, and the process would be taken over for being busy. Each call has a short limit, after which the connection is
/// given up at once: one that a network swallowed must be replaced well before the takeover time.
/// "Idle" is a lock of the session, so a new session says it again; a dead process's answer ends with its session.
/// Thread-safe; what is below <c>_gate</c> is used under it.
/// </remarks>
internal sealed class ControlConnection(Sessions sessions) : IDisposable
{
    private static readonly TimeSpan _idleLimit = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _idle = new(StringComparer.Ordinal);
    private NpgsqlConnection? _connection;
    private bool _disposed;

    /// <summary>Runs a call of one row.</summary>
    /// <exception cref="ConductorException">Any error of the database.</exception>
    public T Run<T>(string sql, Action<NpgsqlParameterCollection> bind, Func<NpgsqlDataReader, T> row, TimeSpan limit)
    {
        lock (_gate)
        {
            try
            {
                using var command = Command(Open_NeedsGate(), sql, limit);
                bind(command.Parameters);
                using var reader = command.ExecuteReader();
                return reader.Read() ? row(reader) : throw new InvalidOperationException("The function returned no row.");
            }
            catch (Exception exception)
            {
                DropBroken_NeedsGate();
                var translated = SqlStateMap.Translate(exception);
                if (ReferenceEquals(translated, exception))
                {
                    throw;
                }

                throw translated;
            }
        }
    }

    /// <summary>Says, once more than before, that a worker of the queue is idle, or takes one of these back. False: it could not be said.</summary>
    public bool SetIdle(string queue, bool idle)
    {
        lock (_gate)
        {
            var done = false;
            try
            {
                done = Run(
                    idle ? "select pgconductor.worker_idle($1)" : "select pgconductor.worker_busy($1)",
                    parameters => parameters.AddText(queue),
                    static reader => reader.GetBoolean(0),
                    _idleLimit);
            }
            finally
            {
                // What could not be taken back is not said again in the next session.
                var count = _idle.GetValueOrDefault(queue) + (idle ? done ? 1 : 0 : -1);
                if (count > 0)
                {
                    _idle[queue] = count;
                }
                else
                {
                    _idle.Remove(queue);
                }
            }

            return done;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _connection?.Dispose();
            _connection = null;
        }
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, TimeSpan limit) =>
        new(sql, connection) { CommandTimeout = Math.Max(1, (int)Math.Ceiling(limit.TotalSeconds)) };

    private NpgsqlConnection Open_NeedsGate()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_connection is not null)
        {
            return _connection;
        }

        var connection = sessions.OpenControl();
        try
        {
            foreach (var (queue, count) in _idle)
            {
                for (var i = 0; i < count; i++)
                {
                    using var command = Command(connection, "select pgconductor.worker_idle($1)", _idleLimit);
                    command.Parameters.AddText(queue);
                    command.ExecuteNonQuery();
                }
            }
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        _connection = connection;
        return connection;
    }

    private void DropBroken_NeedsGate()
    {
        if (_connection is { FullState: ConnectionState.Broken or ConnectionState.Closed } broken)
        {
            _connection = null;
            broken.Dispose();
        }
    }
}
