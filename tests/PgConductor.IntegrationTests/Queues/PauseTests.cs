using PgConductor.IntegrationTests.Support;
using Xunit;

namespace PgConductor.IntegrationTests.Queues;

public sealed class PauseTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job", new TaskOptions { Queue = "work" });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_paused_queue_starts_nothing_and_goes_on_when_resumed(bool partitioned)
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Conductor.CreateQueueAsync("work", partitioned, TestEngine.Token);
        var other = TaskDefinition.Create<int>("other");
        var ran = 0;
        await engine.StartAsync(new TaskCollection()
            .Add(_job, (_, _) =>
            {
                Interlocked.Increment(ref ran);
                return Task.CompletedTask;
            })
            .Add(other, (_, _) => Task.CompletedTask));
        await engine.Conductor.PauseQueueAsync("work", TestEngine.Token);
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 10), cancellationToken: TestEngine.Token);

        // Another queue of the same process works meanwhile.
        await (await engine.Conductor.InvokeAsync(other, 1, cancellationToken: TestEngine.Token)).WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);
        Assert.Equal(0, ran);
        var queue = (await engine.Conductor.ListQueuesAsync(TestEngine.Token)).Single(queue => queue.Name == "work");
        Assert.Equal((true, 10L, partitioned), (queue.Paused, queue.Ready, queue.Partitioned));

        await engine.Conductor.ResumeQueueAsync("work", TestEngine.Token);
        await engine.IsDoneAsync();
        Assert.Equal(10, ran);
    }

    [Fact]
    public async Task A_queue_that_is_served_or_has_work_is_not_dropped_without_force()
    {
        await using var engine = await TestEngine.CreateAsync();
        var orchestrator = await engine.StartAsync(new TaskCollection().Add(_job, (_, _) => Task.CompletedTask));
        Assert.Equal(ConductorErrorCode.QueueInUse, (await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.DropQueueAsync("work", cancellationToken: TestEngine.Token))).Code);
        await orchestrator.StopAsync(TestEngine.Token);
        var handle = await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);
        Assert.Equal(ConductorErrorCode.QueueInUse, (await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.DropQueueAsync("work", cancellationToken: TestEngine.Token))).Code);

        Assert.True(await engine.Conductor.DropQueueAsync("work", force: true, TestEngine.Token));

        Assert.Equal(ExecutionState.Cancelled, (await handle.GetAsync(TestEngine.Token))!.State);
        Assert.False(await engine.Conductor.DropQueueAsync("work", cancellationToken: TestEngine.Token));
        Assert.Equal(ConductorErrorCode.QueueFixed, (await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.DropQueueAsync("default", cancellationToken: TestEngine.Token))).Code);
        Assert.Equal(ConductorErrorCode.UnknownQueue, (await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.PauseQueueAsync("work", TestEngine.Token))).Code);
        Assert.Equal(ConductorErrorCode.UnknownQueue, (await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token))).Code);
    }
}
