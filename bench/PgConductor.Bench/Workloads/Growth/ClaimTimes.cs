using System.Diagnostics.Metrics;

namespace PgConductor.Bench.Workloads.Growth;

/// <summary>Collects the engine's metric pgconductor.claim.duration: the time of a claim that found work, as its worker sees it.</summary>
internal sealed class ClaimTimes : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private List<double> _milliseconds = [];

    public ClaimTimes()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument is { Meter.Name: "PgConductor", Name: "pgconductor.claim.duration" })
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, seconds, _, _) =>
        {
            lock (_gate)
            {
                _milliseconds.Add(seconds * 1000);
            }
        });
        _listener.Start();
    }

    /// <summary>Those since the last time it was asked.</summary>
    public double[] Take()
    {
        lock (_gate)
        {
            double[] taken = [.. _milliseconds];
            _milliseconds = [];
            return taken;
        }
    }

    public void Dispose() => _listener.Dispose();
}
