using Npgsql;
using PgConductor.Client;

namespace PgConductor.TestSupport;

/// <summary>A database of a test's own, dropped at the end; safe to use in parallel.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly string _name;

    private TestDatabase(string name, string connectionString)
    {
        _name = name;
        ConnectionString = connectionString;
        DataSource = NpgsqlDataSource.Create(connectionString);
    }

    /// <summary>Connects to it.</summary>
    public string ConnectionString { get; }

    /// <summary>For reading tables directly, which only tests may.</summary>
    public NpgsqlDataSource DataSource { get; }

    /// <summary>A database with the schema installed.</summary>
    public static async Task<TestDatabase> CreateAsync() => await CreateAsync(await TestServer.TemplateAsync());

    /// <summary>A database with nothing in it.</summary>
    public static Task<TestDatabase> CreateEmptyAsync() => CreateAsync("template0");

    /// <summary>A client of it.</summary>
    public Conductor NewConductor(Func<ConductorOptions, ConductorOptions>? change = null)
    {
        var options = new ConductorOptions { ConnectionString = ConnectionString };
        return new Conductor(change is null ? options : change(options));
    }

    /// <summary>The first column of the first row; default when it is null or there is no row.</summary>
    public async Task<T?> ScalarAsync<T>(string sql, params object[] parameters)
    {
        await using var command = DataSource.CreateCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        return await command.ExecuteScalarAsync() is T value ? value : default;
    }

    /// <summary>Runs a statement.</summary>
    public async Task<int> ExecuteAsync(string sql, params object[] parameters)
    {
        await using var command = DataSource.CreateCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        return await command.ExecuteNonQueryAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await TestServer.ExecuteAsync($"drop database if exists {_name} with (force)");
    }

    private static async Task<TestDatabase> CreateAsync(string template)
    {
        var name = await TestServer.CreateDatabaseAsync(template);
        var builder = new NpgsqlConnectionStringBuilder(await TestServer.ConnectionStringAsync()) { Database = name, MaxPoolSize = 20 };
        return new TestDatabase(name, builder.ConnectionString);
    }
}
