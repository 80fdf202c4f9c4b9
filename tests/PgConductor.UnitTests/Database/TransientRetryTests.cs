using PgConductor.Database;
using PgConductor.TestSupport;
using PgConductor.TestSupport.InMemory;
using Xunit;

namespace PgConductor.UnitTests.Database;

public sealed class TransientRetryTests
{
    private readonly TestClock _clock = new();

    [Fact]
    public async Task A_transient_error_is_tried_again_and_the_call_is_told()
    {
        var seen = new List<int>();
        var running = new TransientRetry(TimeSpan.FromSeconds(10), _clock).RunAsync(
            (repetition, _) =>
            {
                seen.Add(repetition);
                return repetition < 3 ? throw ServerErrors.Of("40001") : Task.FromResult("done");
            },
            CancellationToken.None);

        await AdvanceUntilAsync(running);

        Assert.Equal("done", await running);
        Assert.Equal([0, 1, 2, 3], seen);
    }

    [Fact]
    public async Task Any_other_error_is_thrown_at_once_and_translated()
    {
        var calls = 0;
        var retry = new TransientRetry(TimeSpan.FromSeconds(10), _clock);

        var exception = await Assert.ThrowsAsync<ConductorException>(() => retry.RunAsync<int>((_, _) => throw Count(new Npgsql.PostgresException("m", "ERROR", "ERROR", "23505")), CancellationToken.None));
        await Assert.ThrowsAsync<InvalidOperationException>(() => retry.RunAsync<int>((_, _) => throw Count(new InvalidOperationException()), CancellationToken.None));
        await Assert.ThrowsAsync<OperationCanceledException>(() => retry.RunAsync<int>((_, _) => throw Count(new OperationCanceledException()), CancellationToken.None));

        Assert.Equal((ConductorErrorCode.Database, 3), (exception.Code, calls));

        Exception Count(Exception error)
        {
            calls++;
            return error;
        }
    }

    [Fact]
    public async Task At_the_deadline_the_last_error_is_thrown()
    {
        var start = _clock.GetUtcNow();
        var calls = 0;
        var running = new TransientRetry(TimeSpan.FromSeconds(3), _clock).RunAsync<int>(
            (_, _) =>
            {
                calls++;
                throw ServerErrors.Of("53300", $"call {calls}");
            },
            CancellationToken.None);

        await AdvanceUntilAsync(running);

        var exception = await Assert.ThrowsAsync<ConductorException>(() => running);
        Assert.Contains($"call {calls}", exception.Message, StringComparison.Ordinal);
        Assert.True(exception.IsTransient);
        Assert.InRange(_clock.GetUtcNow() - start, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(3.1));
        Assert.InRange(calls, 6, 20);
    }

    [Fact]
    public async Task Without_time_there_is_one_try()
    {
        var calls = 0;
        await Assert.ThrowsAsync<ConductorException>(() => new TransientRetry(TimeSpan.Zero, _clock).RunAsync<int>((_, _) => throw ServerErrors.Of("40001", $"{calls++}"), CancellationToken.None));

        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task The_token_ends_the_pause()
    {
        using var stop = new CancellationTokenSource();
        var running = new TransientRetry(TimeSpan.FromSeconds(10), _clock).RunAsync<int>((_, _) => throw ServerErrors.Of("40001"), stop.Token);
        Assert.Equal(1, _clock.ActiveTimers);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public void Pauses_double_to_two_seconds_and_are_spread_over_their_upper_half()
    {
        for (var repetition = 0; repetition < 1000; repetition++)
        {
            var full = TimeSpan.FromMilliseconds(Math.Min(20 * Math.Pow(2, Math.Min(repetition, 30)), 2000));
            Assert.InRange(TransientRetry.Pause(repetition), full / 2, full);
        }

        Assert.True(Enumerable.Range(0, 50).Select(_ => TransientRetry.Pause(9)).Distinct().Count() > 10);
    }

    private async Task AdvanceUntilAsync(Task running)
    {
        await Eventually.IsTrue(
            () =>
            {
                // Only while the call waits: however late its continuation runs, no time is lost in between.
                if (_clock.ActiveTimers > 0)
                {
                    _clock.Advance(TimeSpan.FromMilliseconds(20));
                }

                return running.IsCompleted;
            },
            "the call ends",
            30);
    }
}
