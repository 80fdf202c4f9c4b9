using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;
using PgConductor.Client;
using PgConductor.Postgres;
using PgConductor.Testing.Clocks;

namespace PgConductor.Testing.Servers;

/// <summary>A PostgreSQL server that databases of tests are made on: one a process and connection, started at the first use.</summary>
/// <remarks>
/// The process holds a lock on the server for as long as it lives, and its databases' names carry the lock's number: what
/// a crashed process left behind is told from what is in use, on whatever machine, and dropped at the next start.
/// A server that could not be had is not tried again by this process: each test would wait for it. Thread-safe.
/// </remarks>
#pragma warning disable CA1001 // It lives as long as the process; so does its lock.
internal sealed class TestServer
#pragma warning restore CA1001
{
    private const int LockClass = 1885823601;
    private const int Spares = 2;
    private const string TestPrefix = "pgconductor_test_";
    private const string TemplatePrefix = "pgconductor_template_";

    private static readonly ConcurrentDictionary<string, Lazy<Task<TestServer>>> _servers = new(StringComparer.Ordinal);

    private readonly int _owner = Random.Shared.Next();
    private readonly Queue<Task<string>> _spares = new();
    private readonly SemaphoreSlim _copying = new(1, 1);
    private readonly Lazy<Task<string>> _template;
    private readonly Lazy<Task<string>> _clockTemplate;
    private readonly NpgsqlDataSource _source;
    private readonly PostgresConnection _server;
    private NpgsqlConnection? _life;

    private TestServer(PostgresConnection server)
    {
        _server = server;
        _source = NpgsqlDataSource.Create(server.ConnectionString);
        _template = new Lazy<Task<string>>(() => Task.Run(MakeTemplateAsync));
        _clockTemplate = new Lazy<Task<string>>(() => Task.Run(MakeClockTemplateAsync));
    }

    /// <summary>Connects to the server's maintenance database.</summary>
    public string ConnectionString => _server.ConnectionString;

    /// <param name="connection">Null: DATABASE_URL's, or a local server that ends with this process.</param>
    public static Task<TestServer> GetAsync(string? connection) =>
        _servers.GetOrAdd(connection ?? "", static key => new Lazy<Task<TestServer>>(() => Task.Run(() => StartAsync(key)))).Value;

    /// <summary>A database with the schema installed, to be copied.</summary>
    public Task<string> TemplateAsync() => _template.Value;

    /// <summary>Takes a database of a host's own, with a clock that can be moved. Others are made meanwhile for those who come next.</summary>
    /// <remarks>A copy takes the server tens to hundreds of milliseconds, in which a test can run.</remarks>
    public async Task<string> TakeDatabaseAsync()
    {
        var template = await _clockTemplate.Value.ConfigureAwait(false);
        Task<string> taken;
        lock (_spares)
        {
            taken = _spares.Count > 0 ? _spares.Dequeue() : MakeSpareAsync(template);
            while (_spares.Count < Spares)
            {
                _spares.Enqueue(MakeSpareAsync(template));
            }
        }

        return await taken.ConfigureAwait(false);
    }

    /// <summary>Returns when a database waits to be taken.</summary>
    internal Task SpareAsync()
    {
        lock (_spares)
        {
            return _spares.Count > 0 ? _spares.Peek() : Task.CompletedTask;
        }
    }

    /// <summary>Makes a database. Returns its name.</summary>
    public async Task<string> CreateDatabaseAsync(string template)
    {
        var name = $"{TestPrefix}{_owner:x8}_{Guid.NewGuid():N}";
        await CopyAsync(name, template).ConfigureAwait(false);
        return name;
    }

    public Task DropDatabaseAsync(string name) => ExecuteAsync($"drop database if exists {name} with (force)");

    /// <summary>Runs a statement in the maintenance database.</summary>
    public async Task ExecuteAsync(string sql)
    {
        var command = _source.CreateCommand(sql);
        await using (command.ConfigureAwait(false))
        {
            await command.ExecuteNonQueryAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Connects to one of its databases.</summary>
    public NpgsqlConnectionStringBuilder Connect(string database) => new(ConnectionString) { Database = database };

    private static async Task<TestServer> StartAsync(string connection)
    {
        // Nothing here outlives the process, so durability would only cost time. The server is not stopped: its guard does that
        // when this process has ended. To wait for it would be to wait in the process's exit.
        var server = new TestServer(await PostgresConnection.ResolveAsync(connection, new LocalPostgresOptions
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["fsync"] = "off", ["full_page_writes"] = "off", ["max_connections"] = "300" },
        }).ConfigureAwait(false));
        await server.LiveAsync().ConfigureAwait(false);
        if (server._server.Server is null)
        {
            await server.SweepAsync().ConfigureAwait(false);
        }

        return server;
    }

    private async Task LiveAsync()
    {
        _life = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false, KeepAlive = 30, ApplicationName = "pgconductor-testing" }.ConnectionString);
        try
        {
            await _life.OpenAsync().ConfigureAwait(false);
        }
        catch (NpgsqlException exception)
        {
            throw new ConductorException(ConductorErrorCode.Unavailable, $"The server for tests, {_server.Description}, cannot be used: {exception.Message} Start it, correct the connection or DATABASE_URL, or leave both out for a local server.", innerException: exception);
        }

        var command = new NpgsqlCommand("select pg_advisory_lock($1, $2)", _life) { Parameters = { new() { Value = LockClass }, new() { Value = _owner } } };
        await using (command.ConfigureAwait(false))
        {
            await command.ExecuteNonQueryAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Drops what processes left that are no more. The names first: whoever made one of them held its lock before.</summary>
    internal async Task<IReadOnlyList<string>> SweepAsync()
    {
        var names = await ListAsync($"select datname::text from pg_database where datname ~ '^({TestPrefix}|{TemplatePrefix})[0-9a-f]{{8}}_'").ConfigureAwait(false);
        var alive = (await ListAsync($"select objid::text from pg_locks where locktype = 'advisory' and classid = {LockClass} and objsubid = 2").ConfigureAwait(false)).ToHashSet(StringComparer.Ordinal);
        var dropped = new List<string>();
        foreach (var name in names)
        {
            var owner = name[(name.StartsWith(TestPrefix, StringComparison.Ordinal) ? TestPrefix : TemplatePrefix).Length..][..8];
            if (alive.Contains(int.Parse(owner, NumberStyles.HexNumber, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture)))
            {
                continue;
            }

            try
            {
                // Not by force: a database that somebody looks into is left for the next sweep.
                await ExecuteAsync($"drop database {name}").ConfigureAwait(false);
                dropped.Add(name);
            }
            catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.ObjectInUse or PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.InsufficientPrivilege)
            {
                // In use, gone already, or somebody else's.
            }
        }

        return dropped;
    }

    private async Task<IReadOnlyList<string>> ListAsync(string sql)
    {
        var rows = new List<string>();
        var command = _source.CreateCommand(sql);
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync().ConfigureAwait(false))
                {
                    rows.Add(reader.GetString(0));
                }
            }
        }

        return rows;
    }

    private async Task<string> MakeSpareAsync(string template)
    {
        var name = await CreateDatabaseAsync(template).ConfigureAwait(false);
        await ExecuteAsync($"alter database {name} set pgconductor.fake_now = '{ClockSql.DefaultStart}'").ConfigureAwait(false);
        return name;
    }

    private async Task<string> MakeTemplateAsync()
    {
        var name = $"{TemplatePrefix}{_owner:x8}_plain";
        await CopyAsync(name, "template1").ConfigureAwait(false);
        var conductor = new Conductor(new ConductorOptions { ConnectionString = Unpooled(name) });
        await using (conductor.ConfigureAwait(false))
        {
            await conductor.MigrateAsync().ConfigureAwait(false);
        }

        // A template that anybody is connected to cannot be copied.
        await ExecuteAsync($"alter database {name} allow_connections false").ConfigureAwait(false);
        return name;
    }

    private async Task<string> MakeClockTemplateAsync()
    {
        var name = $"{TemplatePrefix}{_owner:x8}_clock";
        await CopyAsync(name, await TemplateAsync().ConfigureAwait(false)).ConfigureAwait(false);
        var connection = new NpgsqlConnection(Unpooled(name));
        await using (connection.ConfigureAwait(false))
        {
            await connection.OpenAsync().ConfigureAwait(false);
            var command = new NpgsqlCommand(ClockSql.Install, connection);
            await using (command.ConfigureAwait(false))
            {
                await command.ExecuteNonQueryAsync().ConfigureAwait(false);
            }
        }

        await ExecuteAsync($"alter database {name} allow_connections false").ConfigureAwait(false);
        return name;
    }

    private string Unpooled(string database)
    {
        var builder = Connect(database);
        builder.Pooling = false;
        return builder.ConnectionString;
    }

    private async Task CopyAsync(string name, string template)
    {
        // Two copies of one template at once are refused by the server.
        await _copying.WaitAsync().ConfigureAwait(false);
        try
        {
            await ExecuteAsync($"create database {name} template {template} strategy file_copy").ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new ConductorException(ConductorErrorCode.InvalidArgument, $"The user of {_server.Description} may not make databases ({exception.MessageText}): each test host has one of its own. Run \"alter role … createdb\" as an administrator, or leave DATABASE_URL unset for a local server.", innerException: exception);
        }
        finally
        {
            _copying.Release();
        }
    }
}
