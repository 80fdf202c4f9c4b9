using System.Collections.Concurrent;
using PgConductor.Database;
using PgConductor.TestSupport.InMemory;
using PgConductor.Workers;
using Xunit;

namespace PgConductor.UnitTests.Workers;

/// <summary>The claiming loop alone, without anybody who runs what it claims.</summary>
public sealed class ExecutionFetcherTests : IAsyncLifetime
{
    private static readonly TaskDefinition<int, NoResult> _task = TaskDefinition.Create<int>("t");

    private readonly TestClock _clock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly WorkerHarness _harness;
    private readonly WorkerLoad _load;
    private readonly WakeSignal _bell;
    private readonly ConcurrentQueue<Claim> _claims = new();
    private readonly ConcurrentQueue<bool> _rests = new();
    private int _unsent;
    private Task _running = Task.CompletedTask;

    public ExecutionFetcherTests()
    {
        _harness = new WorkerHarness(_clock).Add(_task, (_, _) => Task.CompletedTask);
        _load = new WorkerLoad(() => Volatile.Read(ref _unsent));
        _bell = new WakeSignal(_clock);
    }

    private int Looks => _harness.Database.Faults.Calls(nameof(IDatabaseClient.ClaimAsync));

    private int IdleCalls => _harness.Database.Faults.Calls(nameof(IDatabaseClient.SetIdleAsync));

    public async ValueTask InitializeAsync() => await _harness.RegisterAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(30));
        _stop.Dispose();
        await _harness.DisposeAsync();
    }

    [Fact]
    public async Task It_claims_what_is_free_and_no_more_until_something_ends()
    {
        await _harness.InvokeAsync(_task, 20);
        Start(WorkerHarness.Still(4));
        await WaitsAsync(() => _claims.Count == 1);
        Assert.Equal((1, 4), (Looks, _load.Buffered));

        _load.Started();
        _load.Started();
        _load.Ended(1);
        _bell.Ring();
        await WaitsAsync(() => _claims.Count == 2);
        Assert.Equal([4, 1], _claims.Select(claim => claim.Executions.Count));
    }

    [Fact]
    public async Task Idle_is_said_once_and_looked_after_then_the_pauses_double()
    {
        var fetcher = Start(new WorkerOptions { MinPollInterval = TimeSpan.FromMilliseconds(10), MaxPollInterval = TimeSpan.FromMilliseconds(40) });
        await WaitsAsync(() => Looks == 2);
        Assert.Equal((1, 2L), (IdleCalls, fetcher.EmptySweeps));

        foreach (var pause in new[] { 10, 20, 40, 40 })
        {
            var before = Looks;
            _clock.Advance(TimeSpan.FromMilliseconds(pause - 1));
            Assert.Equal(before, Looks);
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            await WaitsAsync(() => Looks == before + 1);
        }

        Assert.Equal(1, IdleCalls);
    }

    [Fact]
    public async Task A_single_execution_does_not_take_the_wish_for_hints_back_but_being_busy_does()
    {
        Start(WorkerHarness.Still(4));
        await WaitsAsync(() => Looks == 2);

        await _harness.InvokeAsync(_task, 1);
        _bell.Ring();
        await WaitsAsync(() => _claims.Count == 1 && Looks == 5);
        _clock.Advance(TimeSpan.FromMilliseconds(51));
        await _harness.InvokeAsync(_task, 6);
        _bell.Ring();
        await WaitsAsync(() => _claims.Count == 2 && _load.Buffered == 4);
        Assert.Equal(1, IdleCalls);

        // Still busy, without a pause, fifty milliseconds on.
        _clock.Advance(TimeSpan.FromMilliseconds(51));
        _load.Release();
        _bell.Ring();
        await WaitsAsync(() => _claims.Count == 3);
        Assert.Equal(2, IdleCalls);
    }

    [Fact]
    public async Task Stopped_it_takes_the_wish_for_hints_back()
    {
        Start(WorkerHarness.Still(4));
        await WaitsAsync(() => Looks == 2);

        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(30), WorkerHarness.Token);

        Assert.Equal(2, IdleCalls);
    }

    [Fact]
    public async Task With_too_many_outcomes_unsent_it_does_not_look()
    {
        await _harness.InvokeAsync(_task, 1);
        Volatile.Write(ref _unsent, 101);
        Start(WorkerHarness.Still(4) with { FlushSize = 5 });
        await WaitsAsync(() => true);
        for (var i = 0; i < 10; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(50));
        }

        Assert.Equal(0, Looks);
        Volatile.Write(ref _unsent, 100);
        await _harness.UntilAsync(
            () =>
            {
                _clock.Advance(TimeSpan.FromMilliseconds(50));
                return _claims.Count == 1;
            },
            "it looks again");
    }

    [Fact]
    public async Task A_look_is_no_empty_sweep_while_something_is_in_hand()
    {
        _load.Claimed(1);
        var fetcher = Start(WorkerHarness.Still(4));
        await WaitsAsync(() => Looks == 2);
        Assert.Equal(0, fetcher.EmptySweeps);

        _load.Release();
        _bell.Ring();
        await WaitsAsync(() => Looks == 3);
        Assert.Equal(1, fetcher.EmptySweeps);
    }

    [Theory]
    [InlineData(5, 0)]
    [InlineData(6, 2)]
    public async Task A_look_that_is_to_come_again_within_five_milliseconds_is_no_empty_sweep(int milliseconds, long sweeps)
    {
        // Held-back keys were in the way, or another claim of the same limited task: what is behind them may be due.
        await _harness.InvokeAsync(_task, 1, new InvokeOptions { RunAt = _clock.GetUtcNow().AddMilliseconds(milliseconds) });
        var fetcher = Start(WorkerHarness.Still(4));
        await WaitsAsync(() => Looks == 2);
        Assert.Equal(sweeps, fetcher.EmptySweeps);

        _clock.Advance(TimeSpan.FromMilliseconds(milliseconds));
        await WaitsAsync(() => _claims.Count == 1);
    }

    [Fact]
    public async Task A_failed_claim_is_made_again_and_an_unknown_process_says_so()
    {
        await _harness.InvokeAsync(_task, 1);
        _harness.Database.Faults.FailNext(nameof(IDatabaseClient.ClaimAsync), ServerErrors.Of("57P01"), times: 2);
        _harness.Database.Faults.FailNext(nameof(IDatabaseClient.ClaimAsync), ServerErrors.Of("PC001"));
        Start(WorkerHarness.Still(4));

        await _harness.UntilAsync(
            () =>
            {
                _clock.Advance(TimeSpan.FromMilliseconds(20));
                return _claims.Count == 1;
            },
            "it claims in the end");

        Assert.Equal((1, 3), (_harness.Fenced, _harness.Log.Entries.Count(entry => entry.Id == 1202)));
    }

    [Fact]
    public async Task Where_the_position_finds_nothing_it_looks_from_the_start_at_once()
    {
        await _harness.InvokeAsync(_task, 1);
        Start(WorkerHarness.Still(4));
        await WaitsAsync(() => _claims.Count == 1 && Looks == 4);

        // One with work; one from its position, empty; one from the start; one more after saying idle.
        Assert.Equal(1, IdleCalls);
    }

    [Fact]
    public async Task It_rests_from_a_look_that_found_nothing_until_one_that_finds_something_or_fails()
    {
        await _harness.InvokeAsync(_task, 1);
        var fetcher = Start(WorkerHarness.Still(4));
        await WaitsAsync(() => _claims.Count == 1 && Looks == 4);

        // Before each of the four claims: it has not looked; it found one; nothing from there; nothing at all.
        Assert.Equal([false, false, true, true], _rests);
        Assert.True(fetcher.Rests);

        _harness.Database.Faults.FailNext(nameof(IDatabaseClient.ClaimAsync), ServerErrors.Of("57P01"));
        _bell.Ring();
        await _harness.UntilAsync(() => _harness.Log.Has(1202), "a claim fails");
        await _harness.UntilAsync(() => !fetcher.Rests, "nobody knows what is due");
    }

    private ExecutionFetcher Start(WorkerOptions options)
    {
        ExecutionFetcher? fetcher = null;
        fetcher = new ExecutionFetcher(
            _harness.Services(options),
            _load,
            _bell,
            () =>
            {
                _rests.Enqueue(fetcher!.Rests);
                return new ClaimUnderWay(0);
            },
            (claim, _) =>
            {
                _load.Claimed(claim.Executions.Count);
                _claims.Enqueue(claim);
            },
            _ => { });
        _running = Task.Run(() => fetcher.RunAsync(_stop.Token, _stop.Token));
        return fetcher;
    }

    /// <summary>The condition holds and the loop waits for the clock or the bell.</summary>
    private Task WaitsAsync(Func<bool> condition) => _harness.UntilAsync(() => condition() && _clock.ActiveTimers == 1, "the fetcher waits");
}
