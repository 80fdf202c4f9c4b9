using PgConductor.Database;
using PgConductor.TestSupport.InMemory;
using PgConductor.Workers;
using Xunit;

namespace PgConductor.UnitTests.Workers;

/// <summary>The claiming loop where a claim from the start has become expensive.</summary>
public sealed class LateLooksTests : IAsyncLifetime
{
    private static readonly TaskDefinition<int, NoResult> _task = TaskDefinition.Create<int>("t");

    private readonly TestClock _clock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly WorkerHarness _harness;
    private readonly WorkerLoad _load = new(() => 0);
    private readonly WakeSignal _bell;
    private int _claimed;
    private Task _running = Task.CompletedTask;

    public LateLooksTests()
    {
        _harness = new WorkerHarness(_clock).Add(_task, (_, _) => Task.CompletedTask);
        _bell = new WakeSignal(_clock);
    }

    private int Looks => _harness.Database.Faults.Calls(nameof(IDatabaseClient.FindLateArrivalsAsync));

    private int Claims => _harness.Database.Faults.Calls(nameof(IDatabaseClient.ClaimAsync));

    public async ValueTask InitializeAsync() => await _harness.RegisterAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(30));
        _stop.Dispose();
        await _harness.DisposeAsync();
    }

    [Fact]
    public async Task An_empty_claim_is_followed_by_a_short_look_and_no_sweep()
    {
        await StartAfterAnExpensiveSweepAsync();

        Assert.True(Looks > 0);
        Assert.Equal(1, _claimed);
    }

    [Fact]
    public async Task What_lies_far_behind_is_found_by_a_long_look()
    {
        await StartAfterAnExpensiveSweepAsync();
        await AddLateAsync(TimeSpan.FromHours(1));

        await AdvanceUntilAsync(() => Volatile.Read(ref _claimed) == 2, "the long look finds it");
    }

    [Fact]
    public async Task What_lies_a_little_behind_is_found_by_a_short_look()
    {
        await StartAfterAnExpensiveSweepAsync();
        await _harness.InvokeAsync(_task, 1);
        _bell.Ring();
        await _harness.UntilAsync(() => Volatile.Read(ref _claimed) == 2, "it goes on");
        await AddLateAsync(TimeSpan.FromMilliseconds(500));

        _bell.Ring();
        await _harness.UntilAsync(() => Volatile.Read(ref _claimed) == 3, "the short look finds it");
    }

    [Fact]
    public async Task A_long_look_that_finds_nothing_counts_as_one_from_the_start()
    {
        var fetcher = await StartAfterAnExpensiveSweepAsync();
        var before = fetcher.EmptySweeps;

        await AdvanceUntilAsync(() => fetcher.EmptySweeps >= before + 2, "it knows that nothing is due");
    }

    [Fact]
    public async Task A_long_look_that_fails_is_said_and_made_again()
    {
        await StartAfterAnExpensiveSweepAsync();
        _harness.Database.Faults.FailNext(nameof(IDatabaseClient.FindLateArrivalsAsync), ServerErrors.Of("57P01"), times: 3);
        await AddLateAsync(TimeSpan.FromHours(1));

        await AdvanceUntilAsync(() => Volatile.Read(ref _claimed) == 2, "it is found all the same");
        Assert.Contains(_harness.Log.Entries, entry => entry.Id is 1202 or 1207);
    }

    [Fact]
    public async Task The_pieces_of_a_long_look_leave_the_time_between_them_to_the_work()
    {
        var looks = new LateLooks(_harness.Services(WorkerHarness.Still(10)), _load, _bell);
        looks.Cursor.Observe(wasSweep: true, foundWork: true, "{}", TimeSpan.FromMilliseconds(300));
        looks.Cursor.Advance(TimeSpan.FromSeconds(6));
        _load.Claimed(1);
        using (var piece = _harness.Database.Faults.Block(nameof(IDatabaseClient.FindLateArrivalsAsync)))
        {
            looks.StartLongLook(_stop.Token);
            await piece.Entered;
            _clock.Advance(TimeSpan.FromMilliseconds(100));
        }

        await RestsAsync();
        _clock.Advance(TimeSpan.FromMilliseconds(1899));
        Assert.Equal((1, 1), (Looks, _clock.ActiveTimers));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await _harness.UntilAsync(() => Looks == 2, "the next piece");

        await _stop.CancelAsync();
        await looks.StopAsync();
    }

    [Fact]
    public async Task When_there_is_nothing_to_do_they_do_not_wait()
    {
        var looks = new LateLooks(_harness.Services(WorkerHarness.Still(10)), _load, _bell);
        looks.Cursor.Observe(wasSweep: true, foundWork: true, "{}", TimeSpan.FromMilliseconds(300));
        looks.Cursor.Advance(TimeSpan.FromSeconds(6));
        using (var piece = _harness.Database.Faults.Block(nameof(IDatabaseClient.FindLateArrivalsAsync)))
        {
            looks.StartLongLook(_stop.Token);
            await piece.Entered;
            _clock.Advance(TimeSpan.FromMilliseconds(100));
        }

        await looks.StopAsync();
        Assert.True(Looks > 5);
        Assert.True(looks.TakeEmptyLongLook());
    }

    [Fact]
    public async Task What_comes_late_again_and_again_does_not_keep_it_from_what_lies_farther_back()
    {
        var looks = new LateLooks(_harness.Services(WorkerHarness.Still(10)), _load, _bell);
        looks.Cursor.Observe(wasSweep: true, foundWork: true, PositionOf(_clock.GetUtcNow()), TimeSpan.FromMilliseconds(300));
        await AddLateAsync(TimeSpan.FromSeconds(5));
        await AddLateAsync(TimeSpan.FromHours(1));

        // The nearer one stays, as if there were another each time.
        Assert.Equal(PositionOf(_clock.GetUtcNow().AddSeconds(-5)), await FoundAsync());
        Assert.Equal(PositionOf(_clock.GetUtcNow().AddHours(-1)), await FoundAsync());

        async Task<string?> FoundAsync()
        {
            looks.Cursor.Advance(TimeSpan.FromMinutes(1));
            looks.StartLongLook(_stop.Token);
            await looks.StopAsync();
            Assert.False(looks.TakeEmptyLongLook());
            var found = looks.Cursor.Position;
            looks.Cursor.Observe(wasSweep: false, foundWork: true, PositionOf(_clock.GetUtcNow()), TimeSpan.FromMilliseconds(1));
            return found;
        }
    }

    [Fact]
    public async Task It_rests_until_the_next_short_look_may_be_made_and_no_shorter()
    {
        await StartAfterAnExpensiveSweepAsync();
        var look = _harness.Database.Faults.Block(nameof(IDatabaseClient.FindLateArrivalsAsync));
        _bell.Ring();
        await look.Entered;
        _clock.Advance(TimeSpan.FromMilliseconds(0.95));
        look.Dispose();
        await RestsAsync();
        var claims = Claims;

        // Ten times what the look took, in steps too small to be a sample of anything.
        for (var i = 0; i < 40; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(0.5));
            await RestsAsync();
        }

        Assert.InRange(Claims - claims, 1, 10);
    }

    private async Task<ExecutionFetcher> StartAfterAnExpensiveSweepAsync()
    {
        await _harness.InvokeAsync(_task, 1);
        var sweep = _harness.Database.Faults.Block(nameof(IDatabaseClient.ClaimAsync));
        var fetcher = new ExecutionFetcher(
            _harness.Services(WorkerHarness.Still(10) with { MinPollInterval = TimeSpan.FromMilliseconds(20), MaxPollInterval = TimeSpan.FromMilliseconds(20) }),
            _load,
            _bell,
            () => new ClaimUnderWay(0),
            (claim, _) =>
            {
                _load.Claimed(claim.Executions.Count);
                Interlocked.Add(ref _claimed, claim.Executions.Count);
                for (var i = 0; i < claim.Executions.Count; i++)
                {
                    _load.Release();
                }
            },
            _ => { });
        _running = Task.Run(() => fetcher.RunAsync(_stop.Token, _stop.Token));
        await sweep.Entered;
        _clock.Advance(TimeSpan.FromMilliseconds(50));
        sweep.Dispose();
        await _harness.UntilAsync(() => Volatile.Read(ref _claimed) == 1 && Looks > 0, "it has claimed and looked");
        await RestsAsync();
        return fetcher;
    }

    private Task AdvanceUntilAsync(Func<bool> condition, string what) => _harness.UntilAsync(
        () =>
        {
            _clock.Advance(TimeSpan.FromMilliseconds(50));
            return condition();
        },
        what);

    private Task<Guid> AddLateAsync(TimeSpan ago) => _harness.Database.AddLateAsync("default", _task.Key, ago);

    /// <summary>As the double writes it.</summary>
    private static string PositionOf(DateTimeOffset time) => $$"""{"0":{{time.UtcTicks}}}""";

    private Task RestsAsync() => _harness.UntilAsync(() => _clock.ActiveTimers == 1, "the fetcher rests");
}
