using System.Collections.Concurrent;
using System.Diagnostics;
using PgConductor.Workers;
using Xunit;

namespace PgConductor.UnitTests.Workers;

/// <summary>The claiming loop under a stream that never pauses, by the real clock: a test's clock is not paced.</summary>
public sealed class ClaimPaceTests : IAsyncLifetime
{
    private static readonly TaskDefinition<int, NoResult> _task = TaskDefinition.Create<int>("t");

    private readonly WorkerHarness _harness = new(TimeProvider.System);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<TimeSpan> _claimedAt = new();
    private readonly ConcurrentQueue<TimeSpan> _answeredAt = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private Task _running = Task.CompletedTask;

    /// <summary>The claims begun more than 50 ms after the second: the first has found something by then.</summary>
    private List<TimeSpan> WhileBusy => [.. _claimedAt.Where(at => at > _claimedAt.ElementAt(1) + TimeSpan.FromMilliseconds(51))];

    public async ValueTask InitializeAsync()
    {
        _harness.Add(_task, (_, _) => Task.CompletedTask);
        await _harness.RegisterAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(30));
        _stop.Dispose();
        await _harness.DisposeAsync();
    }

    [Fact]
    public async Task Kept_busy_it_claims_at_its_pace_and_before_at_once()
    {
        await StreamAsync(keepInHand: true);

        // A claim begins after the one before it has answered, and the next at least the pace later.
        var answered = _answeredAt.ToList();
        var begun = _claimedAt.ToList();
        for (var i = begun.Count - WhileBusy.Count; i + 1 < begun.Count; i++)
        {
            Assert.True(begun[i + 1] - answered[i - 1] >= PacePolicy.Pace, $"claims answered at {answered[i - 1]} and begun at {begun[i]} and {begun[i + 1]}");
        }

        Assert.Contains(begun.Zip(begun.Skip(1)), pair => pair.Second - pair.First < PacePolicy.Pace / 2);
    }

    [Fact]
    public async Task With_nothing_in_hand_it_claims_at_once()
    {
        await StreamAsync(keepInHand: false);

        Assert.Contains(WhileBusy.Zip(WhileBusy.Skip(1)), pair => pair.Second - pair.First < PacePolicy.Pace / 2);
    }

    /// <summary>Each claim finds one, because each claim brings the next about, until long after the worker counts as busy.</summary>
    private async Task StreamAsync(bool keepInHand)
    {
        var load = new WorkerLoad(() => 0);
        var bell = new WakeSignal(TimeProvider.System);
        await _harness.InvokeAsync(_task, 1);
        var fetcher = new ExecutionFetcher(
            _harness.Services(WorkerHarness.Still(10)),
            load,
            bell,
            () =>
            {
                _harness.InvokeAsync(_task, 1).GetAwaiter().GetResult();
                _claimedAt.Enqueue(_clock.Elapsed);
                return new ClaimUnderWay(0);
            },
            (claim, _) =>
            {
                _answeredAt.Enqueue(_clock.Elapsed);
                load.Claimed(claim.Executions.Count);
                for (var left = keepInHand ? 1 : 0; load.Buffered > left;)
                {
                    load.Release();
                }
            },
            _ => { });
        _running = Task.Run(() => fetcher.RunAsync(_stop.Token, _stop.Token));
        await _harness.UntilAsync(() => _claimedAt.Count > 1 && WhileBusy.Count >= 10, "it goes on after it was busy for a while");
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(30), WorkerHarness.Token);
    }
}
