using PgConductor.Workers;
using Xunit;

namespace PgConductor.UnitTests.Workers;

public sealed class WakeSignalTests
{
    private readonly TestClock _clock = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rung_while_nobody_waits_it_is_heard_once_at_the_next_wait()
    {
        foreach (var time in new[] { TimeProvider.System, _clock })
        {
            var bell = new WakeSignal(time);
            bell.Ring();
            bell.Ring();

            Assert.True(await bell.WaitAsync(TimeSpan.FromHours(1), Token));
            Assert.False(await bell.WaitAsync(TimeSpan.Zero, Token));
            bell.Ring();
            Assert.True(await bell.WaitAsync(TimeSpan.Zero, Token));
        }
    }

    [Fact]
    public async Task A_waiter_hears_the_ring_or_its_time_is_up()
    {
        var bell = new WakeSignal(_clock);
        var waiting = bell.WaitAsync(TimeSpan.FromSeconds(5), Token);
        Assert.False(waiting.IsCompleted);
        bell.Ring();
        Assert.True(await waiting);

        waiting = bell.WaitAsync(TimeSpan.FromSeconds(5), Token);
        _clock.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(waiting.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.False(await waiting);
        Assert.False(await new WakeSignal(TimeProvider.System).WaitAsync(TimeSpan.FromMilliseconds(1), Token));
        Assert.Equal(0, _clock.ActiveTimers);
    }

    [Fact]
    public async Task The_token_ends_the_wait()
    {
        foreach (var time in new[] { TimeProvider.System, _clock })
        {
            using var stop = new CancellationTokenSource();
            var waiting = new WakeSignal(time).WaitAsync(TimeSpan.MaxValue, stop.Token);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }
    }

    [Fact]
    public async Task No_ring_is_lost_however_ringer_and_waiter_meet()
    {
        var bell = new WakeSignal(TimeProvider.System);
        var rung = 0;
        var ringer = Task.Run(() =>
        {
            for (var i = 1; i <= 20_000; i++)
            {
                Volatile.Write(ref rung, i);
                bell.Ring();
            }
        }, Token);

        // After every ring that counts up to N, a waiter is woken and sees at least N: the last one is never missed.
        var seen = 0;
        while (seen < 20_000)
        {
            Assert.True(await bell.WaitAsync(TimeSpan.FromSeconds(30), Token), $"woken after {seen}");
            seen = Volatile.Read(ref rung);
        }

        await ringer;
    }
}
