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

    private const string AskSql = "select pgconductor.ask_older_to_leave($1)";

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
                        if (await AskAsync(connection, version, token).ConfigureAwait(false) == 0)
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

    /// <summary>Returns how many are left that are alive: who has been silent for the default takeover time is dead or wedged, and not waited for.</summary>
    private static async Task<int> AskAsync(NpgsqlConnection connection, int version, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(AskSql, connection);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.AddInteger(version);
            return (int)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        }
    }
}
