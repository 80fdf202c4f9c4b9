using Npgsql;
using PgConductor.Client;
using PgConductor.TestSupport;

namespace PgConductor.IntegrationTests.Permissions;

/// <summary>A database with sql/permissions.sql applied, and logins that have its roles.</summary>
internal sealed class RoleDatabase : IAsyncDisposable
{
    private static readonly SemaphoreSlim _applying = new(1, 1);

    private readonly List<string> _logins = [];

    private readonly NpgsqlConnection _idle;

    private RoleDatabase(TestDatabase database, NpgsqlConnection idle)
    {
        Database = database;
        _idle = idle;
    }

    public TestDatabase Database { get; }

    public static async Task<RoleDatabase> CreateAsync()
    {
        var database = await TestDatabase.CreateAsync();
        await _applying.WaitAsync();
        try
        {
            await database.ExecuteAsync(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "permissions.sql")));
        }
        finally
        {
            _applying.Release();
        }

        // Somebody waits for work, so that inserts take the path that tells him.
        var idle = await database.DataSource.OpenConnectionAsync();
        await new NpgsqlCommand("select pgconductor.worker_idle('default')", idle).ExecuteNonQueryAsync();
        return new RoleDatabase(database, idle);
    }

    /// <summary>A client that logs in as a user with this role and no other right.</summary>
    public Conductor NewConductor(string role)
    {
        var login = $"pgconductor_test_{Guid.NewGuid():N}";
        Database.ExecuteAsync($"create role {login} login password 'secret' in role {role}").GetAwaiter().GetResult();
        _logins.Add(login);
        return Database.NewConductor(options => options with
        {
            ConnectionString = new NpgsqlConnectionStringBuilder(options.ConnectionString) { Username = login, Password = "secret" }.ConnectionString,
        });
    }

    /// <summary>Runs as the role, after what the owner does before, and undoes everything. The SQLSTATE it failed with; null: it did not.</summary>
    public async Task<string?> TryAsync(string role, string sql, string before = "")
    {
        await using var connection = await Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        if (before.Length > 0)
        {
            await new NpgsqlCommand(before, connection).ExecuteNonQueryAsync();
        }

        try
        {
            await new NpgsqlCommand($"set local role {role};\n{sql}", connection).ExecuteNonQueryAsync();
            return null;
        }
        catch (PostgresException exception)
        {
            return exception.SqlState == "42501" ? "42501" : $"{exception.SqlState}: {exception.MessageText} {exception.Where}";
        }
    }

    /// <summary>Every privilege the role has of its own on tables, columns and functions, as REVOKE names it.</summary>
    public async Task<IReadOnlyList<string>> GrantsAsync(string role)
    {
        await using var command = Database.DataSource.CreateCommand("""
            select format('%s on pgconductor.%I', a.privilege_type, c.relname)
            from pg_class c cross join aclexplode(c.relacl) a
            where c.relnamespace = 'pgconductor'::regnamespace and a.grantee = $1::regrole
            union all
            select format('%s (%I) on pgconductor.%I', a.privilege_type, t.attname, c.relname)
            from pg_class c join pg_attribute t on t.attrelid = c.oid cross join aclexplode(t.attacl) a
            where c.relnamespace = 'pgconductor'::regnamespace and a.grantee = $1::regrole
            union all
            select format('execute on function %s', p.oid::regprocedure)
            from pg_proc p cross join aclexplode(p.proacl) a
            where p.pronamespace = 'pgconductor'::regnamespace and a.grantee = $1::regrole
            order by 1
            """);
        command.Parameters.AddWithValue(role);
        var grants = new List<string>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            grants.Add(reader.GetString(0));
        }

        return grants;
    }

    public async ValueTask DisposeAsync()
    {
        await _idle.DisposeAsync();
        await Database.DisposeAsync();
        foreach (var login in _logins)
        {
            await TestServer.ExecuteAsync($"drop role {login}");
        }
    }
}
