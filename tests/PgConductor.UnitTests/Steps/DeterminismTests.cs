using PgConductor.Steps;
using Xunit;

namespace PgConductor.UnitTests.Steps;

public sealed class DeterminismTests
{
    private static readonly Guid _id = Guid.Parse("01900000-0000-7000-8000-000000000001");

    [Fact]
    public void Ids_follow_from_execution_and_counter_for_ever()
    {
        // Written down: another value in a later version would change running executions.
        Assert.Equal(Guid.Parse("c7e47b73-a550-87c3-ab2c-0e0025d7fbc5"), DeterministicGuid.Create(_id, 1));
        Assert.Equal(1000, Enumerable.Range(0, 1000).Select(n => DeterministicGuid.Create(_id, n)).Distinct().Count());
        Assert.NotEqual(DeterministicGuid.Create(_id, 1), DeterministicGuid.Create(Guid.CreateVersion7(), 1));
        Assert.Equal((8, true), (DeterministicGuid.Create(_id, 1).Version, DeterministicGuid.Create(_id, 1).Variant is >= 8 and <= 11));
    }

    [Fact]
    public void Numbers_follow_from_the_execution_for_ever()
    {
        var random = new DeterministicRandom(_id);

        Assert.Equal("289524780 5 -5 370780010055 0.7559624553131966", $"{random.Next()} {random.Next(100)} {random.Next(-5, 5)} {random.NextInt64(1L << 40)} {random.NextDouble():R}");
    }

    [Fact]
    public void Numbers_are_within_their_range_and_spread()
    {
        var random = new DeterministicRandom(Guid.CreateVersion7());

        var dice = Enumerable.Range(0, 60_000).Select(_ => random.Next(1, 7)).GroupBy(n => n).ToDictionary(group => group.Key, group => group.Count());
        Assert.Equal([1, 2, 3, 4, 5, 6], dice.Keys.Order());
        Assert.All(dice.Values, count => Assert.InRange(count, 9_000, 11_000));
        Assert.All(Enumerable.Range(0, 1000), _ => Assert.InRange(random.NextDouble(), 0, 0.9999999999999999));
        Assert.Equal((0, 3, 0L, 7L), (random.Next(0), random.Next(3, 3), random.NextInt64(0), random.NextInt64(7, 8)));
        Assert.InRange(random.NextInt64(long.MinValue, long.MaxValue), long.MinValue, long.MaxValue);
        Assert.Throws<ArgumentOutOfRangeException>(() => random.Next(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => random.Next(2, 1));
        var bytes = new byte[4000];
        random.NextBytes(bytes);
        Assert.True(bytes.Distinct().Count() > 200);
    }
}
