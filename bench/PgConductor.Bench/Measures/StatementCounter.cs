using System.Diagnostics.Metrics;

namespace PgConductor.Bench.Measures;

/// <summary>Counts the statements this process sends, as the driver's metrics report them: autovacuum's and others' are not among them.</summary>
/// <remarks>Thread-safe. A batch counts once, as it is one round trip.</remarks>
internal sealed class StatementCounter : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _count;

    public StatementCounter()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is { Meter.Name: "Npgsql", Name: "db.client.operation.duration" })
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, _, _, _) => Interlocked.Increment(ref _count));
        _listener.Start();
    }

    public long Count => Interlocked.Read(ref _count);

    public void Dispose() => _listener.Dispose();
}
