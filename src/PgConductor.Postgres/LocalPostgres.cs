using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using PgConductor.Postgres.Binaries;
using PgConductor.Postgres.Clusters;
using PgConductor.Postgres.Servers;

namespace PgConductor.Postgres;

/// <summary>A PostgreSQL server on this machine for development, tests and demos, which ends with the process that started it.</summary>
/// <remarks>
/// <para>
/// The server listens on 127.0.0.1 only and asks for a random password. When the caller is root it runs as the account
/// postgres, or nobody. All members may be used from any thread.
/// </para>
/// <para>
/// Crashes: when the owning process dies, even by SIGKILL, a small supervising process stops the server within seconds and
/// deletes a temporary folder. Where that process was killed too, and on Windows, the next start on the machine does it.
/// </para>
/// </remarks>
public sealed class LocalPostgres : IAsyncDisposable
{
    /// <summary>The oldest major version that can be used: 15.</summary>
    public const int OldestSupportedMajor = 15;

    private readonly ServerOwnership? _ownership;
    private readonly Lock _gate = new();
    private Task? _stop;

    internal LocalPostgres(ClusterFolder folder, ServerBinaries binaries, ServerEndpoint endpoint, ServerOwnership? ownership)
    {
        ConnectionString = endpoint.ConnectionString;
        Port = endpoint.Port;
        DataDirectory = folder.Data;
        LogFile = folder.ServerLog;
        BinDirectory = binaries.Directory;
        MajorVersion = binaries.MajorVersion;
        _ownership = ownership;
        _ = ownership?.WatchAsync();
    }

    /// <summary>Connects as the superuser to the database postgres, with pooling. It holds the password.</summary>
    public string ConnectionString { get; }

    /// <summary>The data folder of the server.</summary>
    public string DataDirectory { get; }

    /// <summary>The TCP port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The folder of the server programs in use.</summary>
    public string BinDirectory { get; }

    /// <summary>The major version of the server, for example 15.</summary>
    public int MajorVersion { get; }

    /// <summary>The file that the server writes its log to.</summary>
    public string LogFile { get; }

    /// <summary>Whether this object stops the server. False when it attached to one that another process, or another object, owns.</summary>
    public bool IsOwner => _ownership is not null;

    /// <summary>Starts a server, or attaches to the running one of a persistent folder, and returns once it answers a query.</summary>
    /// <param name="options">How; null for a temporary cluster with all defaults.</param>
    /// <param name="logger">Receives what is found, installed, started and cleared up; null for nothing.</param>
    /// <param name="ct">Gives up; what was started until then is stopped again.</param>
    /// <returns>The server. Dispose it to stop the server.</returns>
    /// <exception cref="LocalPostgresException">The server could not be had; the code says why, the message what to do.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static Task<LocalPostgres> StartAsync(LocalPostgresOptions? options = null, ILogger? logger = null, CancellationToken ct = default) =>
        new ClusterOpener(options ?? new LocalPostgresOptions(), logger ?? NullLogger.Instance).OpenAsync(ct);

    /// <summary>Attaches to the running server of a persistent folder; never starts one.</summary>
    /// <param name="directory">The folder, as in <see cref="LocalPostgresOptions.Directory"/>.</param>
    /// <param name="logger">Receives what is found; null for nothing.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>The server, which disposing does not stop; null when none of this folder answers.</returns>
    /// <exception cref="LocalPostgresException">The folder is another user's (directory-not-accessible).</exception>
    public static Task<LocalPostgres?> TryAttachAsync(string directory, ILogger? logger = null, CancellationToken ct = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        return new ClusterOpener(new LocalPostgresOptions { Directory = directory }, logger ?? NullLogger.Instance).TryAttachAsync(ct);
    }

    /// <summary>Stops the server: clients are disconnected, a temporary folder is deleted. An attached object only lets go.</summary>
    /// <remarks>Calling it again, or from several threads, waits for the one stop.</remarks>
    /// <param name="ct">Ends the wait; the stop itself goes on.</param>
    /// <exception cref="LocalPostgresException">The server does not end (stop-failed); the message names its process.</exception>
    public Task StopAsync(CancellationToken ct = default)
    {
        lock (_gate)
        {
            _stop ??= StopOnceAsync();
        }

        return _stop.WaitAsync(ct);
    }

    /// <summary>Does what <see cref="StopAsync"/> does.</summary>
    /// <returns>Ends when the server has ended.</returns>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private async Task StopOnceAsync()
    {
        // Idle connections in this process would otherwise be found dead by whoever uses the pool next.
        using (var connection = new NpgsqlConnection(ConnectionString))
        {
            NpgsqlConnection.ClearPool(connection);
        }

        if (_ownership is not null)
        {
            await _ownership.StopAsync().ConfigureAwait(false);
        }
    }
}
