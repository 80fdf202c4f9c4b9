using PgConductor.Workers;
using Xunit;

namespace PgConductor.UnitTests.Workers;

public sealed class ClaimCursorTests
{
    private readonly ClaimCursor _cursor = new();

    [Fact]
    public void While_sweeps_are_cheap_an_empty_claim_is_followed_by_one()
    {
        Assert.Null(_cursor.Position);
        Assert.Equal(CursorStep.Rest, Observe(true, "p1", 1));
        Assert.Equal("p1", _cursor.Position);
        Assert.Equal(CursorStep.Rest, Observe(false, "p2", 1));
        Assert.Equal("p2", _cursor.Position);
        Assert.Equal(CursorStep.Again, Observe(false, null, 1));
        Assert.Null(_cursor.Position);
        Assert.Equal(CursorStep.Rest, Observe(true, null, 1));
        Assert.Null(_cursor.Position);
        Assert.False(_cursor.WantsLongLook);
    }

    [Fact]
    public void Under_load_a_cheap_sweep_is_made_every_tenth_of_a_second()
    {
        Observe(true, "p", 2);

        Advance(99);
        Assert.Equal("p", _cursor.Position);
        Advance(1);
        Assert.Null(_cursor.Position);
        Observe(true, "q", 2);
        Assert.Equal("q", _cursor.Position);
    }

    [Fact]
    public void Where_sweeps_are_expensive_claims_go_on_from_their_position_and_an_empty_one_is_followed_by_a_short_look()
    {
        Observe(true, "p", 50);

        Advance(100_000);
        Assert.Equal("p", _cursor.Position);
        Assert.Equal(CursorStep.ShortLook, Observe(false, null, 1));
        Assert.Equal("p", _cursor.Position);
    }

    [Theory]
    [InlineData(0.2, 2)]
    [InlineData(10, 100)]
    public void Short_looks_take_a_tenth_of_the_time(double tookMs, int everyMs)
    {
        Observe(true, "p", 50);
        _cursor.LookedShortly(TimeSpan.FromMilliseconds(tookMs));

        Advance(everyMs - 1);
        Assert.Equal(CursorStep.Rest, Observe(false, null, 1));
        Assert.Equal(TimeSpan.FromMilliseconds(1), _cursor.ShortLookIn);
        Advance(1);
        Assert.Equal(TimeSpan.Zero, _cursor.ShortLookIn);
        Assert.Equal(CursorStep.ShortLook, Observe(false, null, 1));
    }

    [Theory]
    [InlineData(3, 100)]
    [InlineData(50, 1000)]
    [InlineData(60_000, 1_200_000)]
    public void And_so_do_long_ones(double tookMs, int everyMs)
    {
        Observe(true, "p", tookMs);

        Advance(everyMs - 1);
        Assert.False(_cursor.WantsLongLook);
        Advance(1);
        Assert.True(_cursor.WantsLongLook);
        _cursor.LookedAllTheWay(TimeSpan.FromMilliseconds(tookMs));
        Assert.False(_cursor.WantsLongLook);
    }

    [Fact]
    public void A_look_that_paused_for_its_share_is_due_again_at_once()
    {
        Observe(true, "p", 50);
        _cursor.LookedAllTheWay(TimeSpan.FromMilliseconds(50), ago: TimeSpan.FromMilliseconds(50) + ClaimCursor.PauseAfter(TimeSpan.FromMilliseconds(50)));

        Assert.True(_cursor.WantsLongLook);
    }

    [Fact]
    public void A_look_that_ended_early_does_not_say_that_sweeps_are_cheap()
    {
        Observe(true, "p", 50);
        _cursor.LookedSomeOfTheWay(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1));

        Assert.Equal(CursorStep.ShortLook, Observe(false, null, 1));
        Assert.Equal("p", _cursor.Position);
        Assert.Equal(TimeSpan.FromMilliseconds(50), _cursor.LookTook);
    }

    [Fact]
    public void Once_a_long_look_is_cheap_there_are_sweeps_again()
    {
        Observe(true, "p", 50);
        _cursor.LookedAllTheWay(TimeSpan.FromMilliseconds(2));

        Assert.Equal("p", _cursor.Position);
        Assert.Equal(CursorStep.Again, Observe(false, null, 1));
        Assert.Null(_cursor.Position);
    }

    [Fact]
    public void Where_any_claim_takes_milliseconds_sweeps_that_do_are_not_expensive()
    {
        Observe(true, "p", 1);
        Observe(false, null, 3);
        Observe(true, null, 6);
        Assert.Null(_cursor.Position);
        Assert.Null(_cursor.ShortLookIn);

        Observe(true, null, 6.1);
        Assert.Equal("p", _cursor.Position);
    }

    [Fact]
    public void A_claim_that_found_much_says_nothing_about_that()
    {
        Observe(true, "p", 1);
        Observe(false, "q", 10);
        Observe(true, null, 3);
        Assert.Equal("q", _cursor.Position);
    }

    [Fact]
    public void An_idle_machine_that_was_cold_goes_back_to_sweeps()
    {
        Observe(true, "p", 3);
        Assert.NotNull(_cursor.ShortLookIn);

        Observe(false, null, 2.5);
        _cursor.LookedAllTheWay(TimeSpan.FromMilliseconds(2.6));
        Assert.Null(_cursor.ShortLookIn);
        Advance(100);
        Assert.Null(_cursor.Position);
    }

    [Fact]
    public void What_is_late_is_claimed_and_then_it_goes_on_from_there()
    {
        Observe(true, "p", 50);
        _cursor.GoBack("earlier");
        Assert.Equal("earlier", _cursor.Position);

        Observe(false, "q", 1, found: true);

        Assert.Equal("q", _cursor.Position);
    }

    [Fact]
    public void If_somebody_else_took_it_it_goes_on_from_where_it_was()
    {
        Observe(true, "p", 50);
        _cursor.GoBack("earlier");

        Observe(false, null, 1);

        Assert.Equal("p", _cursor.Position);
    }

    [Fact]
    public void An_expensive_sweep_that_found_nothing_says_where_to_go_on()
    {
        Observe(true, "since a second", 50, found: false);

        Assert.Equal("since a second", _cursor.Position);
    }

    [Fact]
    public void An_expensive_sweep_that_says_nothing_is_followed_by_a_sweep()
    {
        Observe(true, null, 50);

        Assert.Null(_cursor.Position);
        Assert.False(_cursor.WantsLongLook);
    }

    private CursorStep Observe(bool wasSweep, string? next, double tookMs, bool? found = null) =>
        _cursor.Observe(wasSweep, found ?? next is not null, next, TimeSpan.FromMilliseconds(tookMs));

    private void Advance(double ms) => _cursor.Advance(TimeSpan.FromMilliseconds(ms));
}
