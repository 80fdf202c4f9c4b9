using System.Diagnostics;
using Npgsql;
using PgConductor.Bench.Server;

namespace PgConductor.Bench.Limits;

/// <summary>How long a hint takes, there and back: one connection NOTIFYs, another that waits receives it and NOTIFYs back; nothing else happens.</summary>
internal sealed class NotifyLimit : IAsyncDisposable
{
    private readonly NpgsqlConnection _sender;
    private readonly NpgsqlConnection _receiver;
    private readonly NpgsqlCommand _notify;
    private readonly NpgsqlCommand _answer;
    private long _receivedAt;
    private long _answeredAt;

    private NotifyLimit(NpgsqlConnection sender, NpgsqlConnection receiver)
    {
        _sender = sender;
        _receiver = receiver;
        _notify = new NpgsqlCommand("select pg_notify('bench', '')", sender);
        _answer = new NpgsqlCommand("select pg_notify('bench_answer', '')", receiver);
        receiver.Notification += (_, _) => _receivedAt = Stopwatch.GetTimestamp();
        sender.Notification += (_, _) => _answeredAt = Stopwatch.GetTimestamp();
    }

    public static async Task<NotifyLimit> OpenAsync(BenchDatabase database, CancellationToken cancellationToken)
    {
        var limit = new NotifyLimit(await database.DataSource.OpenConnectionAsync(cancellationToken), await database.DataSource.OpenConnectionAsync(cancellationToken));
        await using var listen = new NpgsqlCommand("listen bench", limit._receiver);
        await listen.ExecuteNonQueryAsync(cancellationToken);
        await using var listenBack = new NpgsqlCommand("listen bench_answer", limit._sender);
        await listenBack.ExecuteNonQueryAsync(cancellationToken);
        await limit._notify.PrepareAsync(cancellationToken);
        await limit._answer.PrepareAsync(cancellationToken);
        return limit;
    }

    /// <returns>Milliseconds from before the NOTIFY to its arrival, and to the arrival of the answer.</returns>
    public async Task<(double OneWayMs, double RoundTripMs)> MeasureAsync(CancellationToken cancellationToken)
    {
        var waiting = _receiver.WaitAsync(cancellationToken);
        var start = Stopwatch.GetTimestamp();
        await _notify.ExecuteNonQueryAsync(cancellationToken);
        await waiting;
        await _answer.ExecuteNonQueryAsync(cancellationToken);
        await _sender.WaitAsync(cancellationToken);
        return (Stopwatch.GetElapsedTime(start, _receivedAt).TotalMilliseconds, Stopwatch.GetElapsedTime(start, _answeredAt).TotalMilliseconds);
    }

    public async ValueTask DisposeAsync()
    {
        await _notify.DisposeAsync();
        await _answer.DisposeAsync();
        await _sender.DisposeAsync();
        await _receiver.DisposeAsync();
    }
}
