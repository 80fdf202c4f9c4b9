using PgConductor.Workers;
using Xunit;

namespace PgConductor.UnitTests.Workers;

public sealed class LookPiecesTests
{
    private readonly LookPieces _pieces = new(TimeSpan.FromMilliseconds(201));

    [Fact]
    public void The_first_goes_as_far_as_a_short_look() => Assert.Equal(ClaimCursor.ShortLook, _pieces.Back);

    [Fact]
    public void A_look_that_is_short_is_one_piece() => Assert.Null(new LookPieces(TimeSpan.FromMilliseconds(200)).Back);

    [Theory]
    [InlineData(1, 16)]
    [InlineData(9.9, 16)]
    [InlineData(10, 4)]
    [InlineData(49, 4)]
    [InlineData(50, 2)]
    [InlineData(200, 2)]
    [InlineData(201, 1)]
    public void They_grow_while_they_are_quick_and_shrink_when_they_are_not(double tookMs, double seconds)
    {
        _pieces.Took(TimeSpan.FromMilliseconds(49));
        _pieces.Took(TimeSpan.FromMilliseconds(tookMs));

        Assert.Equal(TimeSpan.FromSeconds(seconds), _pieces.Back);
    }

    [Fact]
    public void None_is_shorter_than_a_short_look_so_that_it_comes_to_its_end()
    {
        for (var i = 0; i < 10; i++)
        {
            _pieces.Took(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(ClaimCursor.ShortLook, _pieces.Back);
    }

    [Fact]
    public void Where_nothing_lies_a_dozen_are_enough()
    {
        var count = 1;
        for (; _pieces.Back is not null; count++)
        {
            _pieces.Took(TimeSpan.FromMilliseconds(1));
        }

        Assert.InRange(count, 8, 13);
    }
}
