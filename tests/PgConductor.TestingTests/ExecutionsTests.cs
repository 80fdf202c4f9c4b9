using PgConductor.Testing;
using Xunit;

namespace PgConductor.TestingTests;

public sealed class ExecutionsTests
{
    private static readonly TaskDefinition<Receipt, NoResult> _receipt = TaskDefinition.Create<Receipt>("send-receipt");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_as_expected_passes_and_what_is_not_says_what_was_found()
    {
        await using var host = await ConductorTestHost.StartAsync(cancellationToken: Token);
        var nothing = await FailsAsync(() => host.Executions.SingleAsync(_receipt, Token));
        Assert.Equal("Expected one execution of task \"send-receipt\" at 2030-01-02T03:04:05.0000000+00:00, found: none.", nothing);

        var first = await host.Conductor.InvokeAsync(_receipt, new Receipt(1, "a@example.org"), cancellationToken: Token);
        await host.Executions.ShouldBeEnqueuedAsync(_receipt, receipt => receipt.Order == 1, Token);
        Assert.Equal(first.Id, (await host.Executions.SingleAsync(_receipt, Token)).Id);
        var wrong = await FailsAsync(() => host.Executions.ShouldBeEnqueuedAsync(_receipt, receipt => receipt.Order == 2, Token));
        Assert.Contains("with a payload that fits (0 of them do)", wrong, StringComparison.Ordinal);
        Assert.Contains("a@example.org", wrong, StringComparison.Ordinal);

        var second = await host.Conductor.InvokeAsync(_receipt, new Receipt(2, "b@example.org"), cancellationToken: Token);
        var two = await FailsAsync(() => host.Executions.SingleAsync(_receipt, Token));
        Assert.Contains($"{first.Id} of task \"send-receipt\" in queue \"default\": ready, 0 times started", two, StringComparison.Ordinal);
        Assert.Contains($"{second.Id}", two, StringComparison.Ordinal);
        Assert.Contains(first.Id.ToString(), await FailsAsync(() => host.Executions.ShouldBeNoneLeftAsync(_receipt, Token)), StringComparison.Ordinal);

        await host.Conductor.CancelAsync(second.Id, "not wanted", Token);
        await host.Executions.ShouldBeCancelledAsync(second.Id, Token);
        Assert.Contains("cancelled, 0 times started, reason: not wanted", await FailsAsync(() => host.Executions.ShouldBeCompletedAsync(second.Id, Token)), StringComparison.Ordinal);
        Assert.Contains("found: none: it never was", await FailsAsync(() => host.Executions.ShouldBeCompletedAsync(Guid.NewGuid(), Token)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_is_asserted_with_its_reason_and_the_number_of_retries()
    {
        var task = TaskDefinition.Create<int>("job", new TaskOptions { MaxAttempts = 3, Backoff = [TimeSpan.FromDays(1)] });
        await using var host = await ConductorTestHost.StartAsync(new TaskCollection().Add(task, (_, _) => throw new InvalidOperationException("no paper")), cancellationToken: Token);
        var handle = await host.Conductor.InvokeAsync(task, 1, cancellationToken: Token);
        await host.RunUntilIdleAsync(cancellationToken: Token);

        await host.Executions.ShouldBeFailedAsync(handle.Id, "no paper", Token);
        await host.Executions.ShouldBeRetriedAsync(handle.Id, 2, Token);
        var reason = await FailsAsync(() => host.Executions.ShouldBeFailedAsync(handle.Id, "no ink", Token));
        Assert.Contains("to be failed with a reason that contains \"no ink\"", reason, StringComparison.Ordinal);
        Assert.Contains("failed, 3 times started, reason: no paper", reason, StringComparison.Ordinal);
        Assert.Contains("to be retried once", await FailsAsync(() => host.Executions.ShouldBeRetriedAsync(handle.Id, 1, Token)), StringComparison.Ordinal);
        Assert.Contains("to be scheduled", await FailsAsync(() => host.Executions.ShouldBeScheduledAsync(handle.Id, cancellationToken: Token)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_ordered_failure_means_what_it_always_means_and_comes_as_often_as_ordered()
    {
        var task = TaskDefinition.Create<int>("job", new TaskOptions { Backoff = [TimeSpan.FromMinutes(1)], BackoffJitter = 0 });
        var ran = 0;
        await using var host = await ConductorTestHost.StartAsync(new TaskCollection().Add(task, (_, _) =>
        {
            Interlocked.Increment(ref ran);
            return Task.CompletedTask;
        }), cancellationToken: Token);
        async Task<Guid> MeetAsync(Exception error, int times)
        {
            host.Faults.FailNext(task, error, times);
            var handle = await host.Conductor.InvokeAsync(task, 1, cancellationToken: Token);
            await host.DrainAsync(cancellationToken: Token);
            return handle.Id;
        }

        await host.Executions.ShouldBeFailedAsync(await MeetAsync(new NonRetryableException("never"), 1), "never", Token);
        await host.Executions.ShouldBeScheduledAsync(await MeetAsync(new RetryAfterException(TimeSpan.FromHours(2), "busy"), 1), TimeSpan.FromHours(2), Token);
        var twice = await MeetAsync(new IOException("away"), 2);
        Assert.Equal(0, ran);
        await host.RunUntilIdleAsync(cancellationToken: Token);
        await host.Executions.ShouldBeRetriedAsync(twice, 2, Token);
        Assert.Equal(2, ran);
    }

    private static async Task<string> FailsAsync(Func<Task> assertion) => (await Assert.ThrowsAsync<ConductorAssertionException>(assertion)).Message;

    private sealed record Receipt(int Order, string Email);
}
