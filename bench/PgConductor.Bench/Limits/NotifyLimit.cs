using System.Diagnostics;
using Npgsql;
using PgConductor.Bench.Server;

namespace PgConductor.Bench.Limits;

/// <summary>How long a hint takes: one connection NOTIFYs, another that waits receives it; nothing else happens.</summary>
internal sealed class NotifyLimit : IAsyncDisposable
{
    private readonly NpgsqlConnection _sender;
    private readonly NpgsqlConnection _receiver;
    private readonly NpgsqlCommand _notify;
    private long _receivedAt;

    private NotifyLimit(NpgsqlConnection sender, NpgsqlConnection receiver)
    {
        _sender = sender;
        _receiver = receiver;
        _notify = new NpgsqlCommand("select pg_notify('bench', '')", sender);
        receiver.Notification += (_, _) => _receivedAt = Stopwatch.GetTimestamp();
    }

    public static async Task<NotifyLimit> OpenAsync(BenchDatabase database, CancellationToken cancellationToken)
    {
        var limit = new NotifyLimit(await database.DataSource.OpenConnectionAsync(cancellationToken), await database.DataSource.OpenConnectionAsync(cancellationToken));
        await using var listen = new NpgsqlCommand("listen bench", limit._receiver);
        await listen.ExecuteNonQueryAsync(cancellationToken);
        await limit._notify.PrepareAsync(cancellationToken);
        return limit;
    }

    /// <returns>Milliseconds from before the NOTIFY to its arrival.</returns>
    public async Task<double> MeasureAsync(CancellationToken cancellationToken)
    {
        var waiting = _receiver.WaitAsync(cancellationToken);
        var start = Stopwatch.GetTimestamp();
        await _notify.ExecuteNonQueryAsync(cancellationToken);
        await waiting;
        return Stopwatch.GetElapsedTime(start, _receivedAt).TotalMilliseconds;
    }

    public async ValueTask DisposeAsync()
    {
        await _notify.DisposeAsync();
        await _sender.DisposeAsync();
        await _receiver.DisposeAsync();
    }
}
