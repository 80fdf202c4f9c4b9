using PgConductor.Orchestration;
using Xunit;

namespace PgConductor.UnitTests.Orchestration;

public sealed class QuiescenceTests
{
    private readonly Quiescence _quiescence = new();

    [Fact]
    public void Done_is_who_was_quiet_and_has_looked_and_found_nothing_since()
    {
        Assert.False(Look((0, 5, true), (0, 9, true)));
        Assert.False(Look((0, 6, true), (0, 11, true)));
        Assert.True(Look((0, 7, true), (0, 11, true)));
    }

    [Fact]
    public void One_look_is_not_enough_because_it_may_have_started_before()
    {
        Assert.False(Look((0, 5, true)));
        Assert.False(Look((0, 6, true)));
    }

    [Fact]
    public void Something_in_hand_starts_anew_when_it_is_done()
    {
        Assert.False(Look((1, 5, true)));
        Assert.False(Look((1, 6, false)));
        Assert.False(Look((1, 8, true)));
        Assert.False(Look((1, 9, true)));
        Assert.True(Look((1, 10, true)));
    }

    [Fact]
    public void Something_claimed_and_done_between_two_looks_starts_anew()
    {
        // The second worker ran something that enqueued for the first, which had looked before that.
        Assert.False(Look((3, 5, true), (4, 5, true)));
        Assert.False(Look((3, 7, true), (5, 7, true)));
        Assert.False(Look((3, 8, true), (5, 8, true)));
        Assert.True(Look((3, 9, true), (5, 9, true)));
    }

    private bool Look(params (long Claims, long Sweeps, bool IsQuiet)[] workers) =>
        _quiescence.Look(workers.Select(worker => new WorkerSample(worker.Claims, worker.Sweeps, worker.IsQuiet)));
}
