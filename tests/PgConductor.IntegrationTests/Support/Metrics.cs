using System.Diagnostics.Metrics;

namespace PgConductor.IntegrationTests.Support;

/// <summary>Sums what an instrument measures for one queue. Tests run beside each other, so each that measures has a queue of its own.</summary>
internal sealed class Metrics : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, double> _sums = new(StringComparer.Ordinal);

    /// <param name="tag">Only what has this tag; null: everything, which is one test's only where no other runs beside it.</param>
    /// <param name="value">Its value.</param>
    public Metrics(string? tag = null, string? value = null)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "PgConductor")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, sum, tags, _) => Add(instrument, sum, tags, tag, value));
        _listener.SetMeasurementEventCallback<int>((instrument, sum, tags, _) => Add(instrument, sum, tags, tag, value));
        _listener.SetMeasurementEventCallback<double>((instrument, sum, tags, _) => Add(instrument, 1, tags, tag, value));
        _listener.Start();
    }

    /// <summary>By instrument, or instrument/effect (reason, action).</summary>
    public double this[string name]
    {
        get
        {
            lock (_gate)
            {
                return _sums.GetValueOrDefault(name);
            }
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, double sum, ReadOnlySpan<KeyValuePair<string, object?>> tags, string? tag, string? value)
    {
        var mine = tag is null;
        string? effect = null;
        foreach (var one in tags)
        {
            mine |= one.Key == tag && Equals(one.Value, value);
            effect = one.Key is "effect" or "reason" or "action" ? (string?)one.Value : effect;
        }

        if (!mine)
        {
            return;
        }

        lock (_gate)
        {
            var name = effect is null ? instrument.Name : $"{instrument.Name}/{effect}";
            _sums[name] = _sums.GetValueOrDefault(name) + sum;
        }
    }
}
