using Npgsql;
using PgConductor.Client;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Permissions;

/// <summary>Upgrades grant the roles' rights again, where the roles are in use.</summary>
public sealed class PermissionsUpgradeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_upgrade_by_the_owner_grants_what_is_new_and_what_was_replaced()
    {
        await using var owned = await OwnedDatabase.CreateAsync();
        var (database, conductor) = (owned.Database, owned.Conductor);

        // As an upgrade finds it: a function that is new, one with other parameters, and one that ran as its owner.
        await database.ExecuteAsync("""
            update pgconductor.function_scripts set checksum = 'older' where path ~ '/(list_tasks|maintain|invoke)\.sql$';
            drop function pgconductor.list_tasks;
            alter function pgconductor.maintain(integer, integer) security invoker;
            """);
        Assert.False(await MayAsync(database, "public", "pgconductor.invoke"));
        await conductor.MigrateAsync(Token);

        Assert.True(await MayAsync(database, "pgconductor_reader", "pgconductor.list_tasks"));
        Assert.False(await MayAsync(database, "pgconductor_client", "pgconductor.list_tasks"));
        Assert.False(await MayAsync(database, "public", "pgconductor.list_tasks"));
        Assert.True(await MayAsync(database, "pgconductor_client", "pgconductor.invoke"));
        Assert.True(await database.ScalarAsync<bool>("select prosecdef from pg_proc where oid = 'pgconductor.maintain'::regproc"));
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pgconductor.function_scripts where checksum = 'older'"));
    }

    [Fact]
    public async Task Where_the_roles_are_not_in_use_nobody_loses_a_right()
    {
        await using var roles = await RoleDatabase.CreateAsync();
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        await database.ExecuteAsync("update pgconductor.function_scripts set checksum = 'older' where path like '%/list_tasks.sql'");

        await conductor.MigrateAsync(Token);

        Assert.True(await MayAsync(database, "public", "pgconductor.list_tasks"));
        Assert.False(await database.ScalarAsync<bool>("select has_schema_privilege('pgconductor_worker', 'pgconductor', 'usage')"));
    }

    [Fact]
    public async Task An_upgrade_that_may_not_grant_says_so_and_changes_nothing()
    {
        await using var owned = await OwnedDatabase.CreateAsync();
        var (database, conductor) = (owned.Database, owned.Conductor);
        await database.ExecuteAsync("""
            update pgconductor.function_scripts set checksum = 'older' where path like '%/list_tasks.sql';
            create table pgconductor.somebody_elses (n integer);
            """);

        var error = await Assert.ThrowsAsync<ConductorException>(() => conductor.MigrateAsync(Token));

        Assert.Equal(ConductorErrorCode.Schema, error.Code);
        Assert.Contains("somebody_elses", error.Message, StringComparison.Ordinal);
        Assert.Contains("as a superuser", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from pgconductor.function_scripts where checksum = 'older'"));
    }

    private static async Task<bool> MayAsync(TestDatabase database, string role, string function) =>
        await database.ScalarAsync<bool>("select bool_or(has_function_privilege($1, p.oid, 'execute')) from pg_proc p where p.oid::regproc::text = $2", role, function);

    /// <summary>A database with the roles in use, whose owner may make nothing but what is in it: no roles, and no members of them.</summary>
    private sealed class OwnedDatabase(TestDatabase database, string owner) : IAsyncDisposable
    {
        public TestDatabase Database => database;

        /// <summary>Its owner's.</summary>
        public Conductor Conductor { get; } = database.NewConductor(options => options with
        {
            ConnectionString = new NpgsqlConnectionStringBuilder(options.ConnectionString) { Username = owner, Password = "secret" }.ConnectionString,
        });

        public static async Task<OwnedDatabase> CreateAsync()
        {
            var database = await TestDatabase.CreateEmptyAsync();
            var owner = $"pgconductor_test_{Guid.NewGuid():N}";
            await database.ExecuteAsync($"create role {owner} login password 'secret'");
            var owned = new OwnedDatabase(database, owner);
            try
            {
                await database.ExecuteAsync($"grant create on database \"{new NpgsqlConnectionStringBuilder(database.ConnectionString).Database}\" to {owner}");
                await owned.Conductor.MigrateAsync(Token);

                // Roles are the server's: made once, however many tests begin.
                await using var roles = await RoleDatabase.CreateAsync();
                await database.ExecuteAsync(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "permissions.sql"), Token));
                return owned;
            }
            catch
            {
                await owned.DisposeAsync();
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Conductor.DisposeAsync();
            await database.ExecuteAsync($"drop owned by {owner} cascade; drop role {owner}");
            await database.DisposeAsync();
        }
    }
}
