using Npgsql;
using PgConductor.Database;

namespace PgConductor.Schema;

/// <summary>Sees processes off before a breaking migration that they could not work with: asks them to leave, and waits for a while.</summary>
/// <remarks>
/// A courtesy: those that leave finish what they run. The migration itself fences who is still there, so it depends on nobody's
/// answer, and needs no guess about who is alive.
/// </remarks>
internal sealed class OlderProcesses(Sessions sessions, TransientRetry retry, TimeProvider timeProvider)
{
    /// <summary>Longer than a graceful stop takes by default: to wait for what runs, and then for what was cancelled.</summary>
    public static readonly TimeSpan DefaultGrace = TimeSpan.FromMinutes(1);

    private const string AskSql = """
        select pgconductor.signal_shutdown(o.id, format('a migration to schema version %s is about to begin, which this version cannot work with', $1))
        from pgconductor.orchestrators o
        where o.schema_version < $1 and not o.draining
            and not exists (select from pgconductor.signals s where s.orchestrator_id = o.id and s.kind = 'shutdown')
        """;

    /// <summary>Who has been silent for the default takeover time is dead or wedged, and not waited for.</summary>
    private const string LeftSql = """
        select exists (
            select from pgconductor.orchestrators o
            where o.schema_version < $1 and o.last_heartbeat_at > pgconductor.current_time() - interval '30 seconds')
        """;

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns when all have left, or the time is up.</summary>
    /// <param name="version">The schema version of the breaking migration.</param>
    /// <param name="grace">How long to wait.</param>
    /// <param name="cancellationToken">Gives up the migration.</param>
    public async Task SeeOffAsync(int version, TimeSpan grace, CancellationToken cancellationToken)
    {
        var start = timeProvider.GetTimestamp();
        await retry.RunAsync(
            async (_, token) =>
            {
                var connection = await sessions.OpenOwnAsync(token).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    // Asked again and again: one may have started since.
                    do
                    {
                        await AskAsync(connection, AskSql, version, token).ConfigureAwait(false);
                        if (await AskAsync(connection, LeftSql, version, token).ConfigureAwait(false) is not true)
                        {
                            break;
                        }

                        await Task.Delay(_pause, timeProvider, token).ConfigureAwait(false);
                    }
                    while (timeProvider.GetElapsedTime(start) < grace);
                    return true;
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task<object?> AskAsync(NpgsqlConnection connection, string sql, int version, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, connection);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.AddInteger(version);
            return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
