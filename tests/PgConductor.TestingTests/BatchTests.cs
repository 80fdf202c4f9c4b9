using System.Collections.Concurrent;
using PgConductor.Testing;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.TestingTests;

/// <summary>Batch tasks under a test host: its clock, its drain, its faults, its crashes.</summary>
public sealed class BatchTests
{
    private static readonly TaskDefinition<int, NoResult> _task = TaskDefinition.Create<int>("b", new TaskOptions { Batch = new BatchOptions { Size = 10, Wait = TimeSpan.FromMinutes(5) }, Backoff = [TimeSpan.FromMinutes(1)], BackoffJitter = 0 });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_drain_runs_what_there_is_whatever_the_wait()
    {
        var payloads = new ConcurrentBag<int>();
        await using var host = await ConductorTestHost.StartAsync(new TaskCollection().AddBatch(_task, batch =>
        {
            batch.Items.ToList().ForEach(item => payloads.Add(item.Payload));
            return Task.CompletedTask;
        }), cancellationToken: Token);

        await host.Conductor.InvokeManyAsync(_task, Enumerable.Range(0, 25), cancellationToken: Token);
        await host.DrainAsync(cancellationToken: Token);

        Assert.Equal(Enumerable.Range(0, 25), payloads.Order());
    }

    [Fact]
    public async Task The_clock_ends_the_wait()
    {
        var sizes = new ConcurrentQueue<int>();
        await using var host = await ConductorTestHost.StartAsync(new TaskCollection().AddBatch(_task, batch =>
        {
            sizes.Enqueue(batch.Items.Count);
            return Task.CompletedTask;
        }), cancellationToken: Token);
        var handle = await host.Conductor.InvokeAsync(_task, 1, cancellationToken: Token);
        await Eventually.IsTrue(async () => (await handle.GetAsync(Token))!.State == ExecutionState.Running, "it is gathered");
        Assert.Empty(sizes);

        await host.Clock.AdvanceAsync(TimeSpan.FromMinutes(5), Token);

        await Eventually.IsTrue(async () => (await handle.GetAsync(Token))!.State == ExecutionState.Completed, "it has run");
        Assert.Equal([1], sizes);
    }

    [Fact]
    public async Task A_fault_fails_the_whole_batch_and_each_comes_back()
    {
        await using var host = await ConductorTestHost.StartAsync(new TaskCollection().AddBatch(_task, _ => Task.CompletedTask), cancellationToken: Token);
        host.Faults.FailNext(_task, new InvalidOperationException("ordered"));
        var ids = await host.Conductor.InvokeManyAsync(_task, Enumerable.Range(0, 10), cancellationToken: Token);

        await host.RunUntilIdleAsync(cancellationToken: Token);

        foreach (var id in ids)
        {
            var info = (await host.Conductor.GetAsync(id, Token))!;
            Assert.Equal(ExecutionState.Completed, info.State);
        }

        var attempts = await Task.WhenAll(ids.Select(async id => (await host.Conductor.GetAsync(id, Token))!.Attempts));
        Assert.Contains(2, attempts);
    }

    [Fact]
    public async Task After_a_crash_what_had_no_outcome_comes_back_each_on_its_own_and_the_rest_is_done()
    {
        var gate = new TaskCompletionSource();
        var said = new TaskCompletionSource<Guid>();
        await using var host = await ConductorTestHost.StartAsync(cancellationToken: Token);
        var victim = await host.StartProcessAsync(new TaskCollection().AddBatch(_task, async batch =>
        {
            batch.Items[3].Complete();
            said.TrySetResult(batch.Items[3].ExecutionId);
            await gate.Task;
        }), Token);
        var ids = await host.Conductor.InvokeManyAsync(_task, Enumerable.Range(0, 10), cancellationToken: Token);
        var done = await said.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        await Eventually.IsTrue(async () => (await host.Conductor.GetAsync(done, Token))!.State == ExecutionState.Completed, "the item that has its outcome is completed while its batch runs");

        victim.Crash();
        var ran = new ConcurrentBag<(Guid Id, int Attempt)>();
        await host.StartProcessAsync(new TaskCollection().AddBatch(_task, batch =>
        {
            batch.Items.ToList().ForEach(item => ran.Add((item.ExecutionId, item.Attempt)));
            return Task.CompletedTask;
        }), Token);
        await host.Clock.AdvanceAsync(TimeSpan.FromMinutes(1), Token);
        await Eventually.IsTrue(
            async () =>
            {
                await host.Clock.AdvanceAsync(TimeSpan.FromSeconds(10), Token);
                return ran.Count == 9;
            },
            "the other nine run in another process");
        gate.SetResult();

        Assert.DoesNotContain(ran, run => run.Id == done);
        Assert.All(ran, run => Assert.Equal(2, run.Attempt));
        Assert.Equal(ids.Count - 1, ran.Select(run => run.Id).Distinct().Count());
    }
}
