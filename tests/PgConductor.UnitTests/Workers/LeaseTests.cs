using PgConductor.Database;
using PgConductor.Workers;
using Xunit;

namespace PgConductor.UnitTests.Workers;

public sealed class LeaseTests
{
    private readonly List<long> _completed = [];
    private readonly List<Outcome> _outcomes = [];

    [Fact]
    public void A_whole_plain_lease_is_taken_as_one()
    {
        var lease = new Lease(7, 2, 100);
        Assert.Equal(new AddedOutcome(IsFirstUnsent: true, IsWhole: false), lease.Add(1, null, 5));
        Assert.Equal(new AddedOutcome(IsFirstUnsent: false, IsWhole: true), lease.Add(2, null, 6));

        Assert.Equal(2, Take(lease));

        Assert.Equal([7], _completed);
        Assert.Empty(_outcomes);
        Assert.Equal(new LeaseProgress(2, 2, 0, 5), lease.Progress());
        Assert.Equal(0, Take(lease));
    }

    [Fact]
    public void What_is_not_plain_or_not_whole_is_taken_one_by_one()
    {
        var lease = new Lease(7, 3, 100);
        lease.Add(1, null, 5);
        Assert.Equal(1, Take(lease));
        Assert.True(lease.Add(2, new Outcome(7, 2, OutcomeKind.Dead), 6).IsFirstUnsent);
        lease.Add(3, null, 7);
        Assert.Equal(new LeaseProgress(3, 3, 2, 6), lease.Progress());
        Assert.Equal(2, Take(lease));

        Assert.Empty(_completed);
        Assert.Equal([(1, OutcomeKind.Completed), (2, OutcomeKind.Dead), (3, OutcomeKind.Completed)], _outcomes.Select(outcome => (outcome.Position, outcome.Kind)).Order());
    }

    [Fact]
    public void A_whole_lease_with_one_result_is_not_taken_as_one()
    {
        var lease = new Lease(7, 2, 100);
        lease.Add(1, null, 5);
        lease.Add(2, new Outcome(7, 2, OutcomeKind.Completed, [1]), 5);

        Assert.Equal(2, Take(lease));
        Assert.Empty(_completed);
        Assert.Equal(2, _outcomes.Count);
    }

    [Fact]
    public void Of_a_lost_lease_the_outcomes_are_counted_and_dropped()
    {
        var lease = new Lease(7, 2, 100);
        lease.Add(1, null, 5);
        lease.Add(2, new Outcome(7, 2, OutcomeKind.Dead), 5);
        lease.MarkLost();

        Assert.False(lease.TryTake(_completed, _outcomes, out var count));
        Assert.Equal(2, count);
        Assert.Empty(_completed);
        Assert.Empty(_outcomes);
    }

    [Fact]
    public void It_is_over_when_every_position_is_answered()
    {
        var lease = new Lease(7, 3, 100);

        Assert.Equal((false, false, true), (lease.Settle(1), lease.Settle(1), lease.Settle(1)));
        Assert.Equal((7L, 3, 100L), (lease.Id, lease.Size, lease.ClaimedAt));
    }

    [Fact]
    public async Task Added_by_many_and_taken_by_one_nothing_is_lost_or_doubled()
    {
        const int Size = 20_000;
        var lease = new Lease(7, Size, 0);
        var wholes = 0;
        var adding = Task.WhenAll(Enumerable.Range(0, 4).Select(runner => Task.Run(() =>
        {
            for (var position = runner + 1; position <= Size; position += 4)
            {
                if (lease.Add(position, position % 3 == 0 ? new Outcome(7, position, OutcomeKind.Dead) : null, 0).IsWhole)
                {
                    Interlocked.Increment(ref wholes);
                }
            }
        })));
        var taken = 0;
        while (taken < Size)
        {
            taken += Take(lease);
        }

        await adding;
        Assert.Equal(Enumerable.Range(1, Size), _outcomes.Select(outcome => outcome.Position).Order());
        Assert.Equal((Size, 1), (taken, wholes));
    }

    private int Take(Lease lease)
    {
        Assert.True(lease.TryTake(_completed, _outcomes, out var count));
        return count;
    }
}
