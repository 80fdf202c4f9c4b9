using Npgsql;
using PgConductor.Testing;
using Xunit;

namespace PgConductor.TestingTests;

public sealed class ClockTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job", new TaskOptions { MaxAttempts = 4, BackoffJitter = 0, Backoff = [TimeSpan.FromMinutes(1), TimeSpan.FromHours(1)] });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_clock_stands_still_and_moves_csharp_and_every_session_together()
    {
        await using var host = await ConductorTestHost.StartAsync(cancellationToken: Token);
        await using var old = new NpgsqlConnection(host.ConnectionString);
        await old.OpenAsync(Token);
        Assert.Equal(host.Clock.GetUtcNow(), await NowAsync(old));
        var fired = host.Clock.GetUtcNow();
        await using var timer = host.Clock.CreateTimer(_ => fired = host.Clock.GetUtcNow(), null, TimeSpan.FromMinutes(5), Timeout.InfiniteTimeSpan);

        await host.Clock.AdvanceAsync(TimeSpan.FromHours(1), Token);

        var expected = new ConductorTestHostOptions().Start + TimeSpan.FromHours(1);
        Assert.Equal(expected, host.Clock.GetUtcNow());
        Assert.Equal(expected, await NowAsync(old));
        Assert.Equal(expected - TimeSpan.FromMinutes(55), fired);
        await using var young = new NpgsqlConnection(host.ConnectionString);
        await young.OpenAsync(Token);
        Assert.Equal(expected, await NowAsync(young));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => host.Clock.SetToAsync(expected.AddTicks(-10), Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => host.Clock.AdvanceAsync(TimeSpan.FromTicks(-1), Token));
    }

    [Fact]
    public async Task A_scheduled_execution_runs_when_the_clock_gets_there_and_not_before()
    {
        var ran = 0;
        await using var host = await ConductorTestHost.StartAsync(
            new TaskCollection().Add(_job, (_, _) =>
            {
                Interlocked.Increment(ref ran);
                return Task.CompletedTask;
            }),
            cancellationToken: Token);
        var due = host.Clock.GetUtcNow() + TimeSpan.FromDays(30);
        await host.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 50), new InvokeOptions { RunAt = due }, cancellationToken: Token);

        await host.Clock.SetToAsync(due - TimeSpan.FromMicroseconds(1), Token);
        await host.DrainAsync(cancellationToken: Token);
        Assert.Equal(0, ran);

        Assert.Equal(due, await host.AdvanceToNextAsync(Token));
        await host.DrainAsync(cancellationToken: Token);
        Assert.Equal(50, ran);
        Assert.Null(await host.AdvanceToNextAsync(Token));
        await host.Executions.ShouldBeNoneLeftAsync(cancellationToken: Token);
    }

    [Fact]
    public async Task A_retry_waits_for_the_clock()
    {
        await using var host = await ConductorTestHost.StartAsync(new TaskCollection().Add(_job, (_, _) => Task.CompletedTask), cancellationToken: Token);
        host.Faults.FailNext(_job, new InvalidOperationException("the card was declined"), times: 2);
        var handle = await host.Conductor.InvokeAsync(_job, 1, cancellationToken: Token);

        await host.DrainAsync(cancellationToken: Token);
        await host.Executions.ShouldBeScheduledAsync(handle.Id, TimeSpan.FromMinutes(1), Token);
        await host.Clock.AdvanceAsync(TimeSpan.FromMinutes(1), Token);
        await host.DrainAsync(cancellationToken: Token);
        await host.Executions.ShouldBeScheduledAsync(handle.Id, TimeSpan.FromHours(1), Token);
        await host.Clock.AdvanceAsync(TimeSpan.FromHours(1), Token);
        await host.DrainAsync(cancellationToken: Token);

        await host.Executions.ShouldBeCompletedAsync(handle.Id, Token);
        var execution = await host.Executions.ShouldBeRetriedAsync(handle.Id, 2, Token);
        Assert.Equal(host.Clock.GetUtcNow(), execution.FinishedAt);
    }

    [Fact]
    public async Task A_timeout_of_a_handler_ends_by_the_clock()
    {
        var job = TaskDefinition.Create<int>("slow", new TaskOptions { MaxAttempts = 1, Timeout = TimeSpan.FromHours(2) });
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await ConductorTestHost.StartAsync(
            new TaskCollection().Add(job, (_, context) =>
            {
                started.TrySetResult();
                return Task.Delay(Timeout.Infinite, context.CancellationToken);
            }),
            cancellationToken: Token);
        var handle = await host.Conductor.InvokeAsync(job, 1, cancellationToken: Token);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);

        await host.Clock.AdvanceAsync(TimeSpan.FromHours(2), Token);
        await host.DrainAsync(cancellationToken: Token);

        await host.Executions.ShouldBeFailedAsync(handle.Id, "longer than its timeout of 02:00:00", Token);
    }

    private static async Task<DateTimeOffset> NowAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("select pgconductor.current_time()", connection);
        return new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(Token))!, TimeSpan.Zero);
    }
}
