using PgConductor.Database;
using PgConductor.Workers;
using Xunit;

namespace PgConductor.UnitTests.Workers;

public sealed class RunningExecutionTests : IAsyncDisposable
{
    private readonly WorkerHarness _harness = new();
    private readonly WorkerServices _services;

    public RunningExecutionTests() => _services = _harness.Services(new WorkerOptions());

    [Fact]
    public async Task It_is_started_once_by_whoever_is_first()
    {
        for (var round = 0; round < 200; round++)
        {
            var execution = Make();
            var winners = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(execution.TryStart)));
            Assert.Single(winners, won => won);
        }
    }

    [Fact]
    public async Task The_first_reason_stays_and_after_the_end_nothing_stops_it()
    {
        var execution = Make();
        Assert.True(execution.TryStart());
        Assert.True(execution.Stop(StopReason.Cancelled, "first"));
        Assert.True(execution.Stop(StopReason.Shutdown, "second"));
        Assert.Equal((StopReason.Cancelled, "first"), (execution.StopReason, execution.StopText));

        await execution.EndAsync();
        Assert.False(execution.Stop(StopReason.Fenced));
        var ended = Make();
        await ended.EndAsync();
        Assert.False(ended.Stop(StopReason.Cancelled));
        Assert.Equal(StopReason.None, ended.StopReason);
    }

    [Fact]
    public void The_token_is_ended_whether_asked_for_before_or_after_the_stop()
    {
        var before = Make();
        var token = before.CancellationToken;
        Assert.False(token.IsCancellationRequested);
        before.Stop(StopReason.Cancelled);
        Assert.True(token.IsCancellationRequested);
        Assert.Equal(token, before.CancellationToken);

        var after = Make();
        after.Stop(StopReason.Shutdown);
        Assert.True(after.CancellationToken.IsCancellationRequested);
    }

    [Fact]
    public async Task However_stop_and_the_first_look_at_the_token_meet_it_is_ended()
    {
        for (var round = 0; round < 2000; round++)
        {
            var execution = Make();
            var stopping = Task.Run(() => execution.Stop(StopReason.Cancelled), TestContext.Current.CancellationToken);
            var token = execution.CancellationToken;
            await stopping;
            Assert.True(token.IsCancellationRequested);
        }
    }

    [Fact]
    public async Task However_stop_and_the_end_meet_nothing_breaks()
    {
        for (var round = 0; round < 2000; round++)
        {
            var execution = Make();
            execution.TryStart();
            _ = execution.CancellationToken;
            var stopping = Task.Run(() => execution.Stop(StopReason.Cancelled), TestContext.Current.CancellationToken);
            await execution.EndAsync();
            var stopped = await stopping;
            Assert.Equal(stopped, execution.StopReason == StopReason.Cancelled);
        }
    }

    [Fact]
    public void A_timeout_stops_it_at_its_time_unless_it_is_over()
    {
        var clock = new TestClock();
        var execution = Make();
        using (execution.StopAfter(TimeSpan.FromSeconds(3), clock))
        {
            clock.Advance(TimeSpan.FromSeconds(2.9));
            Assert.Equal(StopReason.None, execution.StopReason);
            clock.Advance(TimeSpan.FromSeconds(0.1));
        }

        Assert.Equal(StopReason.TimedOut, execution.StopReason);
        Assert.Contains("00:00:03", execution.StopText, StringComparison.Ordinal);

        var quick = Make();
        quick.StopAfter(TimeSpan.FromSeconds(3), clock).Dispose();
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((StopReason.None, 0), (quick.StopReason, clock.ActiveTimers));
    }

    [Fact]
    public void A_log_scope_carries_id_task_and_attempt()
    {
        var execution = Make();
        var scope = new ExecutionLogScope(execution);

        Assert.Equal([("ExecutionId", execution.ExecutionId), ("TaskKey", (object)"t"), ("Attempt", 3)], scope.Select(pair => (pair.Key, pair.Value!)));
        Assert.Equal(3, scope.Count);
        Assert.Contains($"{execution.ExecutionId}", $"{scope}", StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => scope[3]);
        Assert.Equal(3, ((System.Collections.IEnumerable)scope).Cast<object>().Count());
    }

    [Fact]
    public void Ten_thousand_that_wait_take_little_memory()
    {
        Make();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            GC.KeepAlive(new RunningExecution(_claimed, _lease, _services));
        }

        // Besides what was claimed: one object and its lock; the token source, scope and logger only when asked for.
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 10_000, 1, 200);
    }

    private static readonly ClaimedExecution _claimed = new() { Position = 1, Id = Guid.CreateVersion7(), TaskKey = "t", Attempt = 3, CreatedAt = DateTime.UtcNow, RunAt = DateTime.UtcNow, Payload = [] };
    private static readonly Lease _lease = new(1, 1, 0);

    public ValueTask DisposeAsync() => _harness.DisposeAsync();

    private RunningExecution Make() => new(_claimed, _lease, _services);
}
