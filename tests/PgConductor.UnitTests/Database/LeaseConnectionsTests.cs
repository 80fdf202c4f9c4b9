using Npgsql;
using PgConductor.Database;
using Xunit;

namespace PgConductor.UnitTests.Database;

public sealed class LeaseConnectionsTests : IAsyncDisposable
{
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LeaseConnections _connections;
    private int _opened;
    private int _inUse;

    public LeaseConnectionsTests() => _connections = new LeaseConnections(_ =>
    {
        Interlocked.Increment(ref _opened);
        return Task.FromResult(new NpgsqlConnection());
    });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _connections.DisposeAsync();

    [Fact]
    public async Task One_call_after_another_uses_the_same_connection()
    {
        _gate.SetResult();
        for (var i = 0; i < 10; i++)
        {
            await UseAsync(i);
        }

        Assert.Equal(1, _opened);
    }

    [Fact]
    public async Task A_thousand_at_once_take_turns_instead_of_opening_a_thousand()
    {
        var calls = Enumerable.Range(0, 1000).Select(i => UseAsync(i)).ToList();

        Assert.Equal(LeaseConnections.Max, _opened);
        Assert.Equal(LeaseConnections.Max, _inUse);
        _gate.SetResult();
        Assert.Equal(Enumerable.Range(0, 1000), await Task.WhenAll(calls));
        Assert.Equal(LeaseConnections.Max, _opened);
    }

    [Fact]
    public async Task A_turn_is_given_back_by_a_call_that_fails_or_is_given_up()
    {
        var busy = Enumerable.Range(0, LeaseConnections.Max).Select(i => UseAsync(i)).ToList();
        using var impatient = new CancellationTokenSource();
        var givenUp = Enumerable.Range(0, 50).Select(i => UseAsync(i, impatient.Token)).ToList();
        await impatient.CancelAsync();
        foreach (var call in givenUp)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(TimeSpan.FromSeconds(10), Token));
        }

        _gate.SetResult();
        await Task.WhenAll(busy);
        for (var i = 0; i < LeaseConnections.Max * 2; i++)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => _connections.RunAsync<int>((_, _) => throw new InvalidOperationException("broken"), Token));
        }

        Assert.Equal(7, await UseAsync(7).WaitAsync(TimeSpan.FromSeconds(10), Token));
    }

    private Task<int> UseAsync(int result, CancellationToken? cancellationToken = null) => _connections.RunAsync(
        async (_, _) =>
        {
            Interlocked.Increment(ref _inUse);
            await _gate.Task;
            return result;
        },
        cancellationToken ?? Token);
}
