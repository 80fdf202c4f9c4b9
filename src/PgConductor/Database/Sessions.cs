using Npgsql;

namespace PgConductor.Database;

/// <summary>Makes the process's connections: the pool for calls, and single ones outside it for control and LISTEN.</summary>
internal sealed class Sessions : IAsyncDisposable
{
    private readonly string _unpooled;
    private readonly string _claims;
    private readonly string _control;
    private readonly SemaphoreSlim _slots;
    private readonly TimeSpan _slotTimeout;

    public Sessions(ConductorOptions options)
    {
        var builder = new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            ApplicationName = options.ApplicationName,
            CommandTimeout = (int)Math.Ceiling(options.StatementTimeout.TotalSeconds),

            // The pool is ours alone and no call of ours leaves anything behind in a session: cleaning one up before
            // every use costs seven statements, as much as a single invoke.
            NoResetOnClose = true,

            // A TransactionScope would take in some calls and not others: those that travel together with a neighbour's, or that
            // start a handler before it ends. Who wants a call in a transaction passes it.
            Enlist = false,
        };
        if (options.TransactionPooler)
        {
            builder.MaxAutoPrepare = 0;
        }
        else
        {
            if (builder.MaxAutoPrepare == 0)
            {
                builder.MaxAutoPrepare = 40;
                builder.AutoPrepareMinUsages = 2;
            }

            // The server's own limit, a little later than the client's, so that no statement of ours outlives the
            // wait for it: a claim whose reply is lost is over after this time, one way or the other.
            builder.Options = $"{builder.Options} -c statement_timeout={(long)options.StatementTimeout.TotalMilliseconds + 1000}".Trim();
        }

        if (builder.KeepAlive == 0)
        {
            builder.KeepAlive = 30;
        }

        Pool = NpgsqlDataSource.Create(builder);
        _slots = new SemaphoreSlim(builder.MaxPoolSize, builder.MaxPoolSize);
        _slotTimeout = TimeSpan.FromSeconds(builder.Timeout == 0 ? 15 : builder.Timeout);
        builder.Pooling = false;
        builder.KeepAlive = 15;
        _unpooled = builder.ConnectionString;
        _claims = options.TransactionPooler ? _unpooled : WithOption(builder, "synchronous_commit=off");

        // A broken network is noticed at once by the one connection whose silence costs all work in hand.
        builder.CancellationTimeout = -1;
        builder.Timeout = builder.Timeout is 0 or > 5 ? 5 : builder.Timeout;
        _control = builder.ConnectionString;
    }

    private NpgsqlDataSource Pool { get; }

    /// <summary>Runs with a pooled connection. Waiting for a free one is counted here, so that an exhausted pool is told apart from a server that does not answer.</summary>
    public async Task<T> WithPooledAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> use, CancellationToken cancellationToken)
    {
        if (!await _slots.WaitAsync(_slotTimeout, cancellationToken).ConfigureAwait(false))
        {
            throw new ConductorException(
                ConductorErrorCode.PoolExhausted,
                $"No connection of the pool became free within {_slotTimeout.TotalSeconds} s. Raise \"Maximum Pool Size\" or \"Timeout\" in the connection string, or make fewer calls at once.",
                isTransient: true);
        }

        try
        {
            var connection = await Pool.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                return await use(connection, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <summary>A connection of its own, which pool exhaustion cannot touch.</summary>
    public Task<NpgsqlConnection> OpenOwnAsync(CancellationToken cancellationToken) => OpenAsync(_unpooled, cancellationToken);

    /// <summary>A connection for claims, which are committed without waiting for the disk (docs/adr/0010).</summary>
    public Task<NpgsqlConnection> OpenForClaimsAsync(CancellationToken cancellationToken) => OpenAsync(_claims, cancellationToken);

    private static string WithOption(NpgsqlConnectionStringBuilder builder, string option) =>
        new NpgsqlConnectionStringBuilder(builder.ConnectionString) { Options = $"{builder.Options} -c {option}".Trim() }.ConnectionString;

    private static async Task<NpgsqlConnection> OpenAsync(string connectionString, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(connectionString);
        try
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The connection for heartbeats. Blocks; see <see cref="ControlConnection"/>.</summary>
    public NpgsqlConnection OpenControl()
    {
        var connection = new NpgsqlConnection(_control);
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Pool.DisposeAsync().ConfigureAwait(false);
        _slots.Dispose();
    }
}
