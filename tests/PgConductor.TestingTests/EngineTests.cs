using PgConductor.Client;
using PgConductor.Orchestration;
using PgConductor.Testing;
using PgConductor.Testing.Clocks;
using Xunit;

namespace PgConductor.TestingTests;

/// <summary>What keeps an engine going on a clock that stands still, and whole when it jumps.</summary>
public sealed class EngineTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_engine_of_the_users_own_follows_the_clock()
    {
        var job = TaskDefinition.Create<int, int>("double");
        await using var host = await ConductorTestHost.StartAsync(cancellationToken: Token);
        await using var conductor = new Conductor(host.ClientOptions);
        await using var orchestrator = new Orchestrator(conductor, new TaskCollection().Add(job, (number, _) => Task.FromResult(number * 2)));
        await orchestrator.StartAsync(Token);
        var handle = await conductor.InvokeAsync(job, 21, new InvokeOptions { RunAt = host.Clock.GetUtcNow() + TimeSpan.FromDays(1) }, cancellationToken: Token);
        var waiting = handle.WaitAsync(TimeSpan.FromSeconds(60), Token);

        await host.DrainAsync(cancellationToken: Token);
        Assert.False(waiting.IsCompleted);
        await host.Clock.AdvanceAsync(TimeSpan.FromDays(1), Token);

        Assert.Equal(42, await waiting);
    }

    [Fact]
    public async Task A_wait_of_the_engine_ends_by_itself_or_by_a_jump_past_it()
    {
        var engine = new EngineClock(DateTimeOffset.UnixEpoch);
        await Task.Delay(TimeSpan.FromMilliseconds(5), engine, Token);

        var start = engine.GetTimestamp();
        var waiting = Task.Delay(TimeSpan.FromDays(1), engine, Token);
        engine.MoveTo(DateTimeOffset.UnixEpoch.AddHours(23));
        engine.RingPassed();
        Assert.False(waiting.IsCompleted);
        engine.MoveTo(DateTimeOffset.UnixEpoch.AddDays(1).AddSeconds(1));
        engine.RingPassed();
        await waiting.WaitAsync(TimeSpan.FromSeconds(30), Token);

        Assert.True(engine.GetElapsedTime(start) < TimeSpan.FromHours(1), "What was jumped over has not elapsed.");
    }

    [Fact]
    public async Task A_jump_rings_a_timer_once_however_many_periods_it_passes_and_one_that_is_disposed_never()
    {
        var engine = new EngineClock(DateTimeOffset.UnixEpoch);
        var rings = 0;
        using var rang = new SemaphoreSlim(0);
        await using var timer = engine.CreateTimer(
            _ =>
            {
                Interlocked.Increment(ref rings);
                rang.Release();
            },
            null,
            TimeSpan.FromHours(1),
            TimeSpan.FromHours(1));
        var never = false;
        await engine.CreateTimer(_ => never = true, null, TimeSpan.FromHours(1), Timeout.InfiniteTimeSpan).DisposeAsync();

        for (var i = 1; i <= 2; i++)
        {
            engine.MoveTo(DateTimeOffset.UnixEpoch.AddYears(i));
            engine.RingPassed();
            Assert.True(await rang.WaitAsync(TimeSpan.FromSeconds(30), Token));
            Assert.Equal(i, rings);
        }

        Assert.False(never);
    }

    [Fact]
    public async Task While_the_clock_moves_no_call_is_under_way()
    {
        var gate = new CallGate();
        await gate.EnterAsync();
        var closing = gate.CloseAsync();
        var entering = gate.EnterAsync();
        Assert.False(closing.IsCompleted);
        Assert.False(entering.IsCompleted);

        gate.Leave();
        await closing.WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.False(entering.IsCompleted);

        gate.Open();
        await entering.WaitAsync(TimeSpan.FromSeconds(30), Token);
        gate.Leave();
        await gate.CloseAsync().WaitAsync(TimeSpan.FromSeconds(30), Token);
        gate.Open();
    }
}
