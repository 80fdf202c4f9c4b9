using Npgsql;
using PgConductor.Database;

namespace PgConductor.Schema;

/// <summary>Installs and upgrades the schema: everything in one transaction, under one lock, so that it happens once or not at all.</summary>
/// <remarks>
/// The only place with SQL of its own besides calls of functions: it runs before there are any. Any number of processes may
/// do this at once; one works, the others wait and find it done.
/// </remarks>
/// <param name="sessions">Where connections come from.</param>
/// <param name="retry">For transient errors.</param>
/// <param name="store">What to install.</param>
/// <param name="older">Sees older processes off before a breaking migration.</param>
/// <param name="grace">How long that may take; null: the default.</param>
internal sealed class SchemaManager(Sessions sessions, TransientRetry retry, MigrationStore store, OlderProcesses older, TimeSpan? grace = null)
{
    /// <summary>sql/permissions.sql was applied here: roles are the cluster's, their rights the database's.</summary>
    private const string UsesRolesSql = """
        select exists (
            select from pg_catalog.pg_namespace n
            cross join lateral pg_catalog.aclexplode(n.nspacl) a
            join pg_catalog.pg_roles r on r.oid = a.grantee
            where n.nspname = 'pgconductor' and r.rolname = 'pgconductor_worker')
        """;

    private const string LockSql = "select pg_advisory_xact_lock(1885823587, 0)";

    /// <summary>The newest migration applied; -1: the schema is not installed.</summary>
    public Task<int> GetInstalledVersionAsync(CancellationToken cancellationToken) =>
        retry.RunAsync(
            async (_, token) =>
            {
                var connection = await sessions.OpenOwnAsync(token).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    return (await ReadInstalledAsync(connection, token).ConfigureAwait(false)).Version;
                }
            },
            cancellationToken);

    /// <summary>The server's version and the schema's.</summary>
    public Task<DatabaseInfo> InspectAsync(CancellationToken cancellationToken) =>
        retry.RunAsync(
            async (_, token) =>
            {
                var connection = await sessions.OpenOwnAsync(token).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    var installed = await ReadInstalledAsync(connection, token).ConfigureAwait(false);
                    var upToDate = IsUpToDate(installed) || installed.Version > store.LatestVersion;
                    return new DatabaseInfo(connection.PostgreSqlVersion, installed.Migrations.Count == 0 ? null : installed.Version, store.LatestVersion, upToDate);
                }
            },
            cancellationToken);

    /// <summary>Brings the schema to this library's version. Returns the version installed, which may be a newer library's.</summary>
    /// <exception cref="ConductorException">Code schema: a newer, incompatible version is installed, or a migration was changed after it was applied.</exception>
    /// <remarks>
    /// Before a migration that is marked as breaking, processes of older versions are asked to leave and waited for, a minute at most; those
    /// that are still there then are fenced by the migration: what they run is put back, and what they send is rejected.
    /// </remarks>
    public async Task<int> EnsureLatestAsync(CancellationToken cancellationToken)
    {
        for (var isAlone = false; ; isAlone = true)
        {
            if (await retry.RunAsync((_, token) => EnsureOnceAsync(isAlone, token), cancellationToken).ConfigureAwait(false) is { } version)
            {
                return version;
            }

            await older.SeeOffAsync(store.Migrations.Last(migration => migration.IsBreaking).Version, grace ?? OlderProcesses.DefaultGrace, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Null: a breaking migration is to be applied, and older processes were not asked to leave yet.</summary>
    private async Task<int?> EnsureOnceAsync(bool isAlone, CancellationToken cancellationToken)
    {
        var connection = await sessions.OpenOwnAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var installed = await ReadInstalledAsync(connection, cancellationToken).ConfigureAwait(false);
            if (IsUpToDate(installed))
            {
                return store.LatestVersion;
            }

            if (!isAlone && Breaks(installed))
            {
                return null;
            }

            var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            int version;
            await using (transaction.ConfigureAwait(false))
            {
                // A migration of much data, or the wait for the process that is doing it, takes what it takes.
                await ExecuteAsync(connection, "set local statement_timeout = 0", cancellationToken).ConfigureAwait(false);
                await ExecuteAsync(connection, LockSql, cancellationToken).ConfigureAwait(false);
                version = await UpgradeAsync_NeedsLock(connection, cancellationToken).ConfigureAwait(false);
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            }

            await ExecuteAsync(connection, "select pgconductor.maintain()", cancellationToken).ConfigureAwait(false);
            return version;
        }
    }

    private async Task<int> UpgradeAsync_NeedsLock(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var installed = await ReadInstalledAsync(connection, cancellationToken).ConfigureAwait(false);
        if (installed.Version > store.LatestVersion)
        {
            // A newer library was here. Its functions serve us too unless it says otherwise; ours must not replace them.
            return installed.BreakingSince(store.LatestVersion) is { } breaking
                ? throw new ConductorException(ConductorErrorCode.Schema, $"The database is at schema version {installed.Version}, and version {breaking} broke with this library's {store.LatestVersion}: upgrade the library.")
                : installed.Version;
        }

        var breaks = Breaks(installed);
        if (breaks)
        {
            // First, as a heartbeat does; and nobody of an older version registers from now on.
            await ExecuteAsync(connection, "lock table pgconductor.orchestrators in share row exclusive mode", cancellationToken).ConfigureAwait(false);
        }

        foreach (var migration in store.Migrations)
        {
            if (!installed.Migrations.TryGetValue(migration.Version, out var applied))
            {
                await ApplyAsync(connection, migration, cancellationToken).ConfigureAwait(false);
            }
            else if (applied.Checksum != migration.Checksum)
            {
                throw new ConductorException(ConductorErrorCode.Schema, $"Migration {migration.Version:0000}_{migration.Name} was changed after it was applied to this database: put its text back and add a new migration instead.");
            }
        }

        await ExecuteAsync(connection, "set local check_function_bodies = off", cancellationToken).ConfigureAwait(false);
        foreach (var script in store.Scripts)
        {
            if (installed.Scripts.GetValueOrDefault(script.Path) != script.Checksum)
            {
                await ApplyAsync(connection, script, cancellationToken).ConfigureAwait(false);
            }
        }

        await GrantAnewAsync(connection, cancellationToken).ConfigureAwait(false);
        if (breaks)
        {
            await ExecuteAsync(connection, "select pgconductor._retire_orchestrators()", cancellationToken).ConfigureAwait(false);
        }

        return store.LatestVersion;
    }

    /// <summary>What was new has no rights for the roles, where these are in use, and what was replaced may run as its caller again.</summary>
    private async Task GrantAnewAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(UsesRolesSql, connection);
        await using (command.ConfigureAwait(false))
        {
            if (store.Permissions is not { } permissions || await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not true)
            {
                return;
            }

            try
            {
                await ExecuteAsync(connection, permissions, cancellationToken).ConfigureAwait(false);
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
            {
                throw new ConductorException(ConductorErrorCode.Schema, $"The schema is not upgraded: the rights of pgconductor_worker and the other roles could not be granted again ({exception.MessageText}). Upgrade as the owner of everything in the schema pgconductor, or as a superuser.", false, exception);
            }
        }
    }

    /// <summary>Whether a migration that is to be applied is a breaking one, and there is anything that it could break.</summary>
    private bool Breaks(InstalledSchema installed) =>
        installed.Migrations.Count > 0 && store.Migrations.Any(migration => migration.IsBreaking && !installed.Migrations.ContainsKey(migration.Version));

    private bool IsUpToDate(InstalledSchema installed) =>
        installed.Version == store.LatestVersion
        && store.Migrations.All(migration => installed.Migrations.TryGetValue(migration.Version, out var applied) && applied.Checksum == migration.Checksum)
        && store.Scripts.All(script => installed.Scripts.GetValueOrDefault(script.Path) == script.Checksum);

    private static async Task<InstalledSchema> ReadInstalledAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var installed = new InstalledSchema();

        // Asked of the catalog itself: to_regclass answers from the session's cache, which after the wait for the lock
        // may not yet know what the process that had it before has made.
        var exists = new NpgsqlCommand("select count(*) = 2 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = 'pgconductor' and c.relname in ('migrations', 'function_scripts')", connection);
        await using (exists.ConfigureAwait(false))
        {
            if (await exists.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not true)
            {
                return installed;
            }
        }

        var command = new NpgsqlCommand("select version, checksum, breaking from pgconductor.migrations; select path, checksum from pgconductor.function_scripts", connection);
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    installed.Migrations.Add(reader.GetInt32(0), new AppliedMigration(reader.GetString(1), reader.GetBoolean(2)));
                }

                await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    installed.Scripts.Add(reader.GetString(0), reader.GetString(1));
                }
            }
        }

        return installed;
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, Migration migration, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, migration.Sql, cancellationToken).ConfigureAwait(false);
        var record = new NpgsqlCommand("insert into pgconductor.migrations (version, name, checksum, breaking) values ($1, $2, $3, $4)", connection);
        await using (record.ConfigureAwait(false))
        {
            record.Parameters.AddInteger(migration.Version);
            record.Parameters.AddText(migration.Name);
            record.Parameters.AddText(migration.Checksum);
            record.Parameters.AddBoolean(migration.IsBreaking);
            await record.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, SchemaScript script, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, script.Sql, cancellationToken).ConfigureAwait(false);
        var record = new NpgsqlCommand("insert into pgconductor.function_scripts (path, checksum) values ($1, $2) on conflict (path) do update set checksum = excluded.checksum, applied_at = now()", connection);
        await using (record.ConfigureAwait(false))
        {
            record.Parameters.AddText(script.Path);
            record.Parameters.AddText(script.Checksum);
            await record.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await using (command.ConfigureAwait(false))
        {
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private readonly record struct AppliedMigration(string Checksum, bool IsBreaking);

    private sealed class InstalledSchema
    {
        public Dictionary<int, AppliedMigration> Migrations { get; } = [];

        public Dictionary<string, string> Scripts { get; } = new(StringComparer.Ordinal);

        public int Version => Migrations.Count == 0 ? -1 : Migrations.Keys.Max();

        public int? BreakingSince(int version)
        {
            int[] breaking = [.. Migrations.Where(pair => pair.Key > version && pair.Value.IsBreaking).Select(pair => pair.Key).Order()];
            return breaking.Length == 0 ? null : breaking[0];
        }
    }
}
