using PgConductor.Workers;
using Xunit;

namespace PgConductor.UnitTests.Workers;

/// <summary>The pure decisions of a worker: when to flush, how much to claim, how long to wait, where to look.</summary>
public sealed class PolicyTests
{
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(5);

    [Theory]
    [InlineData(100, 100, 100, 0, 0)] // whole: now
    [InlineData(100, 1, 1, 0, 5)] // fresh: the interval
    [InlineData(100, 1, 1, 3, 2)] // the rest of it
    [InlineData(100, 1, 1, 5, 0)] // far from whole: at the interval
    [InlineData(100, 75, 75, 5, 15)] // nearly whole: up to four intervals
    [InlineData(100, 74, 74, 5, 15)]
    [InlineData(100, 50, 50, 10, 10)]
    [InlineData(100, 49, 49, 10, 0)]
    [InlineData(100, 25, 25, 5, 15)] // at its rate whole just in time
    [InlineData(100, 24, 24, 5, 0)] // and just too late
    [InlineData(100, 99, 99, 19, 1)]
    [InlineData(100, 99, 99, 20, 0)] // never longer
    [InlineData(100, 99, 99, 1000, 0)]
    [InlineData(100, 99, 1, 5, 15)] // its rate counts, not what was sent before
    [InlineData(100, 90, 1, 5, 0)]
    public void A_lease_is_sent_when_whole_after_the_interval_or_when_it_will_not_be_whole_soon(int size, int known, int unsent, int age, int expected)
    {
        var wait = new FlushPolicy(_interval).Wait(new LeaseProgress(size, known, unsent, 0), TimeSpan.FromMilliseconds(age));

        Assert.Equal(expected, Math.Max(0, wait.TotalMilliseconds), 3);
    }

    [Fact]
    public void No_lease_waits_longer_than_four_intervals_whatever_comes()
    {
        var policy = new FlushPolicy(_interval);
        for (var unsent = 1; unsent <= 200; unsent++)
        {
            for (var age = TimeSpan.Zero; age < TimeSpan.FromMilliseconds(40); age += TimeSpan.FromMilliseconds(0.5))
            {
                Assert.True(age + policy.Wait(new LeaseProgress(201, unsent, unsent, 0), age) <= 4 * _interval || age >= 4 * _interval);
            }
        }

        Assert.Equal(TimeSpan.Zero, new FlushPolicy(TimeSpan.Zero).Wait(new LeaseProgress(2, 1, 1, 0), TimeSpan.Zero));
    }

    [Fact]
    public void Without_a_rate_only_what_is_free_is_claimed()
    {
        var policy = new PrefetchPolicy(new WorkerOptions { Concurrency = 10 });

        Assert.Equal((10, 7, 0, 0), (policy.ClaimSize(0, 0), policy.ClaimSize(3, 0), policy.ClaimSize(10, 0), policy.ClaimSize(10, 5)));
    }

    [Fact]
    public void Fast_handlers_get_a_prefetch_that_grows_to_its_limit()
    {
        var policy = new PrefetchPolicy(new WorkerOptions { Concurrency = 10, MaxPrefetch = 400, MaxClaim = 300 });
        for (var i = 0; i < 20; i++)
        {
            // 64 in a millisecond, 10 µs each.
            Assert.True(policy.Measure(64, TimeSpan.FromMicroseconds(640), TimeSpan.FromMilliseconds(1)));
        }

        Assert.Equal(400, policy.Target);
        Assert.Equal(300, policy.ClaimSize(10, 0));
        Assert.Equal(0, policy.ClaimSize(10, 201));
        Assert.Equal(250, policy.ClaimSize(10, 150));
        policy.Reset();
        Assert.Equal(0, policy.Target);
    }

    [Fact]
    public void Slow_handlers_that_end_together_are_no_rate()
    {
        var policy = new PrefetchPolicy(new WorkerOptions { Concurrency = 10 });

        // Ten handlers of 100 ms, started and ended together: the fetcher sees one, then nine a millisecond later.
        for (var round = 0; round < 20; round++)
        {
            policy.Measure(1, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(100));
            Assert.InRange(policy.Target, 0, 2);
            policy.Measure(9, TimeSpan.FromMilliseconds(900), TimeSpan.FromMilliseconds(1));
            Assert.InRange(policy.Target, 0, 2);
        }
    }

    [Fact]
    public void The_prefetch_is_what_a_steady_worker_finishes_in_the_time_given()
    {
        var policy = new PrefetchPolicy(new WorkerOptions { Concurrency = 10, PrefetchTime = TimeSpan.FromMilliseconds(50) });
        for (var i = 0; i < 50; i++)
        {
            // 1 ms handlers, ten at a time: 10,000 a second.
            policy.Measure(100, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(10));
        }

        Assert.InRange(policy.Target, 495, 500);
    }

    [Fact]
    public void Too_short_a_sample_says_nothing_and_no_time_means_no_prefetch()
    {
        var policy = new PrefetchPolicy(new WorkerOptions());
        Assert.False(policy.Measure(1000, TimeSpan.FromMilliseconds(1), TimeSpan.FromMicroseconds(999)));
        Assert.Equal(0, policy.Target);

        var none = new PrefetchPolicy(new WorkerOptions { PrefetchTime = TimeSpan.Zero });
        none.Measure(1000, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, none.Target);
        var zero = new PrefetchPolicy(new WorkerOptions { MaxPrefetch = 0 });
        zero.Measure(1000, TimeSpan.Zero, TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, zero.Target);
    }

    [Fact]
    public void A_stall_shrinks_the_prefetch_slowly_and_slow_work_at_once()
    {
        var policy = new PrefetchPolicy(new WorkerOptions { Concurrency = 10 });
        policy.Measure(1000, TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(10));
        var before = policy.Target;
        policy.Measure(0, TimeSpan.Zero, TimeSpan.FromMilliseconds(10));
        Assert.InRange(policy.Target, before / 2, before);
        policy.Measure(1, TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(10));
        Assert.Equal(0, policy.Target);
    }

    [Theory]
    [InlineData(3, 10, 51, 1, 5, 3)]
    [InlineData(3, 10, 51, 4, 5, 0)]
    [InlineData(10, 10, 51, 1, 5, 0)]
    [InlineData(3, 10, 50, 1, 5, 0)]
    [InlineData(3, 10, 51, 1, 0, 0)]
    public void A_stream_gathers_unless_there_is_more_or_it_is_new_or_nothing_is_in_hand(int found, int asked, int busyFor, int sinceClaim, int inHand, int expected)
    {
        var policy = new PacePolicy(busyAfter: TimeSpan.FromMilliseconds(50));

        Assert.Equal(expected, policy.Wait(found, asked, TimeSpan.FromMilliseconds(busyFor), TimeSpan.FromMilliseconds(sinceClaim), inHand).TotalMilliseconds);
    }

    [Fact]
    public void Polling_doubles_from_the_shortest_to_the_longest_pause_and_starts_again_after_work()
    {
        var policy = new PollPolicy(new WorkerOptions { MinPollInterval = TimeSpan.FromMilliseconds(5), MaxPollInterval = TimeSpan.FromMilliseconds(30) }, listens: true);

        Assert.Equal([5.0, 10, 20, 30, 30], Enumerable.Range(0, 5).Select(_ => policy.Next(null).TotalMilliseconds));
        policy.Reset();
        Assert.Equal(5, policy.Next(null).TotalMilliseconds);
    }

    [Theory]
    [InlineData(true, 5, 2000, 2000)]
    [InlineData(false, 5, 2000, 100)]
    [InlineData(false, 5, 50, 50)]
    [InlineData(false, 200, 2000, 200)]
    public void Without_hints_the_longest_pause_is_short(bool listens, int min, int max, int expected)
    {
        var policy = new PollPolicy(new WorkerOptions { MinPollInterval = TimeSpan.FromMilliseconds(min), MaxPollInterval = TimeSpan.FromMilliseconds(max) }, listens);

        Assert.Equal(expected, Enumerable.Range(0, 20).Select(_ => policy.Next(null).TotalMilliseconds).ToList()[^1]);
    }

    [Fact]
    public void What_is_due_sooner_shortens_the_pause_but_not_to_nothing()
    {
        var policy = new PollPolicy(new WorkerOptions { MinPollInterval = TimeSpan.FromMilliseconds(50) }, listens: true);

        Assert.Equal(20, policy.Next(TimeSpan.FromMilliseconds(20)).TotalMilliseconds);
        Assert.Equal(1, policy.Next(TimeSpan.Zero).TotalMilliseconds);
        Assert.Equal(200, policy.Next(TimeSpan.MaxValue).TotalMilliseconds);
    }

    [Fact]
    public void The_load_counts_what_is_in_hand()
    {
        var unsent = 0;
        var load = new WorkerLoad(() => unsent);
        Assert.True(load.IsQuiet);
        load.Claimed(3);
        Assert.Equal((3, 0, 1L, false), (load.Buffered, load.Running, load.Claims, load.IsQuiet));
        load.Started();
        load.Release();
        load.Release();
        Assert.Equal((0, 1, false), (load.Buffered, load.Running, load.IsQuiet));
        load.Ended(7);
        Assert.Equal((0, 1L, 7L, true), (load.Running, load.Finished, load.Busy, load.IsQuiet));
        unsent = 1;
        Assert.False(load.IsQuiet);
    }

    [Fact]
    public void A_slot_that_is_kept_is_in_hand_and_there_are_no_more_than_slots()
    {
        var load = new WorkerLoad(() => 0);
        load.Claimed(1);
        load.Started();

        Assert.True(load.TryReserve(2));
        Assert.False(load.TryReserve(2));
        Assert.Equal((1, 1, false), (load.Buffered, load.Running, load.IsQuiet));
        load.Release();
        Assert.True(load.TryReserve(2));
    }
}
