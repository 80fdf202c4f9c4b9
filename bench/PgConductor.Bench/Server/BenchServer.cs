using System.Globalization;
using System.Net;
using Npgsql;
using PgConductor.Postgres;

namespace PgConductor.Bench.Server;

/// <summary>The server that is measured, and what its figures depend on.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    private readonly PostgresConnection _connection;

    private BenchServer(PostgresConnection connection, IReadOnlyDictionary<string, object> facts)
    {
        _connection = connection;
        Facts = facts;
    }

    /// <summary>Version, durability and memory of the server, and the cores of this machine.</summary>
    public IReadOnlyDictionary<string, object> Facts { get; }

    public static async Task<BenchServer> StartAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var connection = await PostgresConnection.ResolveAsync(options.Connection, ct: cancellationToken);
        try
        {
            if (!options.AllowRemote && Remote(connection.ConnectionString) is { } host)
            {
                throw new BenchException($"the server {host} is not on this machine: a bench fills it with load and creates databases. Say --allow-remote if that is what you want.");
            }

            return new BenchServer(connection, await ReadFactsAsync(connection, cancellationToken));
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>A database of its own, dropped when disposed of.</summary>
    public async Task<BenchDatabase> CreateDatabaseAsync(CancellationToken cancellationToken)
    {
        var name = $"pgconductor_bench_{Guid.NewGuid():N}";
        await ExecuteAsync($"create database {name}", cancellationToken);
        return new BenchDatabase(this, name, new NpgsqlConnectionStringBuilder(_connection.ConnectionString) { Database = name, MaxPoolSize = 100 }.ConnectionString);
    }

    public async Task DropDatabaseAsync(string name) => await ExecuteAsync($"drop database if exists {name} with (force)", CancellationToken.None);

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    /// <summary>The first host that is not this machine; null: all are.</summary>
    internal static string? Remote(string connectionString)
    {
        var hosts = new NpgsqlConnectionStringBuilder(connectionString).Host ?? "";
        return Array.Find(hosts.Split(',', StringSplitOptions.TrimEntries), host => !IsHere(host));
    }

    private static bool IsHere(string host)
    {
        // A path is a socket folder.
        if (host.StartsWith('/') || host.StartsWith('@') || host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        // A list of hosts may carry ports.
        return IPEndPoint.TryParse(host, out var endpoint) && IPAddress.IsLoopback(endpoint.Address)
            || host.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<IReadOnlyDictionary<string, object>> ReadFactsAsync(PostgresConnection server, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("select name, current_setting(name) from pg_settings where name in ('server_version', 'synchronous_commit', 'fsync', 'full_page_writes', 'shared_buffers', 'max_wal_size')", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var facts = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["machineCores"] = Environment.ProcessorCount,
            ["embedded"] = server.IsEmbedded,
        };
        while (await reader.ReadAsync(cancellationToken))
        {
            facts[Camel(reader.GetString(0))] = reader.GetString(1);
        }

        return facts;
    }

    private static string Camel(string name) =>
        string.Concat(name.Split('_').Select((word, i) => i == 0 ? word : string.Create(CultureInfo.InvariantCulture, $"{char.ToUpperInvariant(word[0])}{word[1..]}")));

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(_connection.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
