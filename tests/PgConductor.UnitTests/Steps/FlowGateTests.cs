using PgConductor.Steps;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.UnitTests.Steps;

public sealed class FlowGateTests
{
    private readonly FlowGate _gate = new();

    [Fact]
    public void A_handler_that_rests_at_a_wait_is_parked_when_it_has_returned()
    {
        Assert.True(_gate.TryWait());
        Assert.False(_gate.Parked.IsCompleted);

        _gate.HandlerReturned();

        Assert.True(_gate.Parked.IsCompleted);
        Assert.False(_gate.TryEnd());
    }

    [Fact]
    public void One_that_waits_for_nothing_is_not()
    {
        Assert.True(_gate.TryEnter());
        _gate.HandlerReturned();
        _gate.Leave(() => { });

        Assert.False(_gate.Parked.IsCompleted);
        Assert.True(_gate.TryEnd());
    }

    [Fact]
    public void Not_while_a_step_runs_nor_while_what_it_resumed_does()
    {
        Assert.True(_gate.TryEnter());
        Assert.True(_gate.TryWait());
        _gate.HandlerReturned();
        Assert.False(_gate.Parked.IsCompleted);

        _gate.Leave(() =>
        {
            Assert.False(_gate.Parked.IsCompleted);
            Assert.True(_gate.TryWait());
            Assert.True(_gate.TryEnter());
        });
        Assert.False(_gate.Parked.IsCompleted);

        _gate.Leave(() => { });
        Assert.True(_gate.Parked.IsCompleted);
    }

    [Fact]
    public async Task A_wait_out_of_code_that_nobody_here_resumed_is_parked_soon()
    {
        _gate.HandlerReturned();

        Assert.True(_gate.TryWait());

        await Eventually.IsTrue(() => _gate.Parked.IsCompleted, "it is parked");
    }

    [Fact]
    public void What_was_parked_or_has_ended_begins_nothing_more()
    {
        Assert.True(_gate.TryPark());
        Assert.True(_gate.Parked.IsCompleted);
        Assert.False(_gate.TryPark());
        Assert.False(_gate.TryEnter());
        Assert.False(_gate.TryWait());

        var ended = new FlowGate();
        Assert.True(ended.TryEnd());
        Assert.False(ended.TryPark());
        Assert.False(ended.TryEnter());
        Assert.False(ended.Parked.IsCompleted);
    }

    [Fact]
    public void A_continuation_that_throws_does_not_keep_it()
    {
        Assert.True(_gate.TryEnter());
        Assert.True(_gate.TryWait());
        _gate.HandlerReturned();

        Assert.Throws<FormatException>(() => _gate.Leave(() => throw new FormatException()));

        Assert.True(_gate.Parked.IsCompleted);
    }
}
