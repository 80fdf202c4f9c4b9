using Xunit;

namespace PgConductor.UnitTests.TestSupport;

public sealed class TestClockTests
{
    private readonly TestClock _clock = new();

    [Fact]
    public void Timers_fire_in_order_at_their_own_time()
    {
        var start = _clock.GetUtcNow();
        var fired = new List<(string Name, TimeSpan At)>();
        using var late = Timer("late", 30, 0);
        using var early = Timer("early", 10, 0);
        using var period = Timer("period", 20, 20);
        using var disposed = Timer("disposed", 15, 0);
        disposed.Dispose();

        _clock.Advance(TimeSpan.FromMilliseconds(60));

        Assert.Equal([("early", 10), ("period", 20), ("late", 30), ("period", 40), ("period", 60)], fired.Select(item => (item.Name, (int)item.At.TotalMilliseconds)));
        Assert.Equal((start + TimeSpan.FromMilliseconds(60), 1), (_clock.GetUtcNow(), _clock.ActiveTimers));

        ITimer Timer(string name, int due, int every) => _clock.CreateTimer(
            _ => fired.Add((name, _clock.GetUtcNow() - start)), null, TimeSpan.FromMilliseconds(due), every == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(every));
    }

    [Fact]
    public async Task Delays_and_timeouts_follow_it()
    {
        var delay = Task.Delay(TimeSpan.FromHours(1), _clock, TestContext.Current.CancellationToken);
        using var source = new CancellationTokenSource(TimeSpan.FromHours(2), _clock);
        var timestamp = _clock.GetTimestamp();

        _clock.Advance(TimeSpan.FromMinutes(59));
        Assert.False(delay.IsCompleted);
        _clock.Advance(TimeSpan.FromMinutes(1));
        await delay;
        Assert.False(source.IsCancellationRequested);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.True(source.IsCancellationRequested);
        Assert.Equal(TimeSpan.FromHours(2), _clock.GetElapsedTime(timestamp));
    }

    [Fact]
    public async Task What_is_due_now_fires_without_a_move()
    {
        await Task.Delay(TimeSpan.Zero, _clock, TestContext.Current.CancellationToken);
        var fired = new TaskCompletionSource();
        using var timer = _clock.CreateTimer(_ => fired.TrySetResult(), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        await fired.Task.WaitAsync(TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken);
        Assert.Throws<ArgumentOutOfRangeException>(() => _clock.Advance(TimeSpan.FromTicks(-1)));
    }
}
