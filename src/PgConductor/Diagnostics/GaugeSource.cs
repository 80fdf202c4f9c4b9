using System.Diagnostics.Metrics;
using PgConductor.Database;

namespace PgConductor.Diagnostics;

/// <summary>What one process knows of the moment: asked of the database now and then, read by whoever collects metrics.</summary>
/// <remarks>Thread-safe: what was asked is replaced as a whole. Until the first answer there is nothing to read.</remarks>
/// <param name="queues">The queues of the process.</param>
/// <param name="leases">How many leases it holds of each queue.</param>
internal sealed class GaugeSource(IReadOnlyCollection<string> queues, Func<IEnumerable<(string Queue, int Count)>> leases)
{
    private volatile Sample? _sample;

    /// <summary>Asks the database.</summary>
    public async Task SampleAsync(IDatabaseClient database, CancellationToken cancellationToken)
    {
        var depths = await database.GetQueueDepthsAsync(queues, cancellationToken).ConfigureAwait(false);
        var lags = await database.GetQueueLagAsync(queues, cancellationToken).ConfigureAwait(false);
        var held = await database.GetHeldHorizonAsync(TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        var partitions = await database.GetMaintenanceStatusAsync(cancellationToken).ConfigureAwait(false);
        _sample = new Sample(depths, lags.ToDictionary(lag => lag.Queue, lag => lag.Due.TotalSeconds, StringComparer.Ordinal), held.Select(one => one.Age.TotalSeconds).DefaultIfEmpty().Max(), partitions);
    }

    public IEnumerable<Measurement<long>> Depths() =>
        _sample?.Depths.SelectMany(static depth => new[]
        {
            Count(depth.Ready, depth.Queue, "ready"),
            Count(depth.Scheduled, depth.Queue, "scheduled"),
            Count(depth.Waiting, depth.Queue, "waiting"),
        }) ?? [];

    public IEnumerable<Measurement<double>> OldestDue() =>
        _sample is { } sample ? sample.Depths.Select(depth => new Measurement<double>(sample.OldestDue.GetValueOrDefault(depth.Queue), new KeyValuePair<string, object?>("queue", depth.Queue))) : [];

    public IEnumerable<Measurement<long>> Leases() =>
        leases().Select(static lease => new Measurement<long>(lease.Count, new KeyValuePair<string, object?>("queue", lease.Queue)));

    public IEnumerable<Measurement<double>> HorizonAge() => _sample is { } sample ? [new Measurement<double>(sample.HorizonAge)] : [];

    public IEnumerable<Measurement<long>> Overdue() =>
        _sample?.Partitions.Select(static part => new Measurement<long>(part.Overdue, new KeyValuePair<string, object?>("table", part.Table))) ?? [];

    private static Measurement<long> Count(long count, string queue, string state) => new(count, new("queue", queue), new("state", state));

    private sealed record Sample(IReadOnlyList<QueueDepth> Depths, Dictionary<string, double> OldestDue, double HorizonAge, IReadOnlyList<MaintenanceStatus> Partitions);
}
