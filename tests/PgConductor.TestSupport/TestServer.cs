using Npgsql;
using PgConductor.Client;
using PgConductor.Postgres;

namespace PgConductor.TestSupport;

/// <summary>The one PostgreSQL server of a test process: DATABASE_URL's, or a private one that ends with the process.</summary>
public static class TestServer
{
    private static readonly Lazy<Task<string>> _connectionString = new(StartAsync);
    private static readonly Lazy<Task<string>> _template = new(MakeTemplateAsync);
    private static LocalPostgres? _server;

    /// <summary>Connects to the server's maintenance database.</summary>
    public static Task<string> ConnectionStringAsync() => _connectionString.Value;

    /// <summary>The name of a database with the schema installed, to be copied.</summary>
    public static Task<string> TemplateAsync() => _template.Value;

    /// <summary>Runs statements in the maintenance database.</summary>
    public static async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(await ConnectionStringAsync());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<string> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("DATABASE_URL") is { Length: > 0 })
        {
            return (await PostgresConnection.ResolveAsync(null)).ConnectionString;
        }

        // Nothing here outlives the process, so durability would only cost time; the bench has it on.
        var server = await LocalPostgres.StartAsync(new LocalPostgresOptions
        {
            Settings = new Dictionary<string, string> { ["fsync"] = "off", ["full_page_writes"] = "off", ["max_connections"] = "300" },
        });

        // Held and not stopped: the server's guard does that when this process has ended. To wait for it here would be
        // to wait in the process's exit, which the test runner takes for a thread that was left running.
        _server = server;
        return server.ConnectionString;
    }

    private static async Task<string> MakeTemplateAsync()
    {
        var name = $"pgconductor_template_{Guid.NewGuid():N}";
        await ExecuteAsync($"create database {name}");
        var builder = new NpgsqlConnectionStringBuilder(await ConnectionStringAsync()) { Database = name, Pooling = false };
        await using (var conductor = new Conductor(new ConductorOptions { ConnectionString = builder.ConnectionString }))
        {
            await conductor.MigrateAsync();
        }

        // A template that anybody is connected to cannot be copied.
        await ExecuteAsync($"alter database {name} allow_connections false");
        return name;
    }
}
