using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace PgConductor.Database;

/// <summary>The connection that listens: for the orchestrator's signals and for work in its queues. Reconnects for ever.</summary>
/// <remarks>Hints only. After a reconnect it says "look at everything", since hints sent meanwhile are lost.</remarks>
internal sealed class NotificationListener(Sessions sessions, Guid orchestratorId, IReadOnlyCollection<string> queues, Action<string?> onHint, TimeProvider timeProvider) : IAsyncDisposable
{
    /// <summary>Says that a schedule is to be looked at: heard by all, as a signal is.</summary>
    private const string ScheduleChannel = "pgconductor_schedules";

    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, string> _queueOfChannel = queues.ToDictionary(QueueChannel, queue => queue, StringComparer.Ordinal);
    private readonly string _signalChannel = $"pgconductor_o_{orchestratorId:N}";
    private Task _loop = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
        _loop = Task.Run(() => RunAsync(connection), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <summary>The same name as pgconductor.queue_channel gives.</summary>
    internal static string QueueChannel(string queue)
    {
#pragma warning disable CA5351 // A name, not a secret: it has to equal PostgreSQL's md5().
        return $"pgconductor_q_{Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(queue)))}";
#pragma warning restore CA5351
    }

    private async Task RunAsync(NpgsqlConnection? connection)
    {
        for (var repetition = 0; !_stop.IsCancellationRequested;)
        {
            try
            {
                connection ??= await OpenAsync(_stop.Token).ConfigureAwait(false);
                if (repetition > 0)
                {
                    onHint(null);
                    repetition = 0;
                }

                await connection.WaitAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception) when (exception is NpgsqlException or IOException or System.Net.Sockets.SocketException or TimeoutException or ConductorException)
            {
                // Polling carries on meanwhile; the heartbeat reports an unreachable server.
                if (connection is not null)
                {
                    await connection.DisposeAsync().ConfigureAwait(false);
                    connection = null;
                }

                try
                {
                    await Task.Delay(TransientRetry.Pause(repetition++), timeProvider, _stop.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    break;
                }
            }
        }

        if (connection is not null)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = await sessions.OpenOwnAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            connection.Notification += (_, notification) =>
                onHint(_queueOfChannel.TryGetValue(notification.Channel, out var queue) ? queue : "signal");
            var listen = new StringBuilder($"listen {_signalChannel}; listen {ScheduleChannel}");
            foreach (var channel in _queueOfChannel.Keys)
            {
                listen.Append("; listen ").Append(channel);
            }

            var command = new NpgsqlCommand(listen.ToString(), connection);
            await using (command.ConfigureAwait(false))
            {
                await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }

            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
