using System.Text.Json;
using PgConductor.Client;
using PgConductor.IntegrationTests.Support;
using Xunit;

namespace PgConductor.IntegrationTests.Dedupe;

/// <summary>N9: the same key while pending, while running and after the outcome, by policy.</summary>
public sealed class DedupeTests
{
    private static readonly TaskDefinition<int, string> _job = TaskDefinition.Create<int, string>("job", new TaskOptions { MaxAttempts = 1 });

    [Theory]
    [InlineData(DedupePolicy.ReturnExisting)]
    [InlineData(DedupePolicy.ReplacePending)]
    [InlineData(DedupePolicy.Reject)]
    public async Task While_pending_while_running_and_after_the_outcome(DedupePolicy policy)
    {
        await using var engine = await TestEngine.CreateAsync();
        var options = new InvokeOptions { DedupeKey = "key", DedupePolicy = policy };
        var gate = new TaskCompletionSource();
        var started = new TaskCompletionSource();
        var payloads = new List<int>();
        var tasks = new TaskCollection().Add(_job, async (number, _) =>
        {
            lock (payloads)
            {
                payloads.Add(number);
            }

            if (payloads.Count == 1)
            {
                started.SetResult();
                await gate.Task;
            }

            return number == 13 ? throw new InvalidOperationException("failed") : $"{number}";
        });
        Task<ExecutionHandle<string>> InvokeAsync(int number) => engine.Conductor.InvokeAsync(_job, number, options, cancellationToken: TestEngine.Token);

        // Pending.
        var first = await InvokeAsync(1);
        Assert.Equal(InvokeDisposition.Created, first.Disposition);
        switch (policy)
        {
            case DedupePolicy.ReturnExisting:
                Assert.Equal((first.Id, InvokeDisposition.Existing), Seen(await InvokeAsync(2)));
                break;
            case DedupePolicy.ReplacePending:
                Assert.Equal((first.Id, InvokeDisposition.Replaced), Seen(await InvokeAsync(2)));
                break;
            default:
                Assert.Equal(ConductorErrorCode.DedupeConflict, (await Assert.ThrowsAsync<ConductorException>(() => InvokeAsync(2))).Code);
                break;
        }

        // Running.
        await engine.StartAsync(tasks);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);
        ExecutionHandle<string>? behind = null;
        switch (policy)
        {
            case DedupePolicy.ReturnExisting:
                Assert.Equal((first.Id, InvokeDisposition.Existing), Seen(await InvokeAsync(3)));
                break;
            case DedupePolicy.ReplacePending:
                behind = await InvokeAsync(3);
                Assert.Equal(InvokeDisposition.Created, behind.Disposition);
                Assert.NotEqual(first.Id, behind.Id);
                break;
            default:
                Assert.Equal(ConductorErrorCode.DedupeConflict, (await Assert.ThrowsAsync<ConductorException>(() => InvokeAsync(3))).Code);
                break;
        }

        gate.SetResult();
        Assert.Equal(policy == DedupePolicy.ReplacePending ? "2" : "1", await first.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        if (behind is not null)
        {
            Assert.Equal("3", await behind.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        }

        // After a success, and after a failure.
        foreach (var number in new[] { 13, 14 })
        {
            var next = await InvokeAsync(number);
            Assert.Equal(InvokeDisposition.Created, next.Disposition);
            await engine.IsAsync(next.Id, number == 13 ? ExecutionState.Failed : ExecutionState.Completed);
        }

        Assert.Equal(0, await engine.CountAsync("dedupe_keys"));
        static (Guid, InvokeDisposition) Seen(ExecutionHandle handle) => (handle.Id, handle.Disposition);
    }

    [Fact]
    public async Task A_cancelled_one_frees_its_key()
    {
        await using var engine = await TestEngine.CreateAsync();
        var options = new InvokeOptions { DedupeKey = "key" };
        var first = await engine.Conductor.InvokeAsync(_job, 1, options, cancellationToken: TestEngine.Token);
        await first.CancelAsync(cancellationToken: TestEngine.Token);

        var second = await engine.Conductor.InvokeAsync(_job, 2, options, cancellationToken: TestEngine.Token);

        Assert.Equal(InvokeDisposition.Created, second.Disposition);
    }

    [Fact]
    public async Task Rapid_invokes_of_one_key_from_many_callers_make_one_execution_with_the_last_payload()
    {
        await using var engine = await TestEngine.CreateAsync();
        var options = new InvokeOptions { DedupeKey = "key", DedupePolicy = DedupePolicy.ReplacePending };

        await Parallel.ForEachAsync(Enumerable.Range(0, 50), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = TestEngine.Token }, async (number, token) =>
            await engine.Conductor.InvokeAsync(_job, number, options, cancellationToken: token));
        await engine.Conductor.InvokeAsync(_job, 99, options, cancellationToken: TestEngine.Token);

        Assert.Equal("99", await engine.Database.ScalarAsync<string>("select payload::text from pgconductor.executions"));
        Assert.Equal(1, await engine.CountAsync("executions"));
    }

    [Fact]
    public async Task Items_of_a_batch_are_decided_in_order_and_each_is_told()
    {
        await using var engine = await TestEngine.CreateAsync();
        var payload = JsonSerializer.SerializeToElement(1);
        InvokeItem Item(string? key) => new("job", payload, new InvokeOptions { DedupeKey = key });

        var outcomes = await engine.Conductor.InvokeManyAsync([Item("a"), Item("b"), Item("a"), Item(null), Item(null)], cancellationToken: TestEngine.Token);

        Assert.Equal([InvokeDisposition.Created, InvokeDisposition.Created, InvokeDisposition.Existing, InvokeDisposition.Created, InvokeDisposition.Created], outcomes.Select(outcome => outcome.Disposition));
        Assert.Equal(outcomes[0].Id, outcomes[2].Id);
        Assert.Equal(4, await engine.CountAsync("executions"));
        var error = await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.InvokeManyAsync([Item("c"), Item("a")], DedupePolicy.Reject, cancellationToken: TestEngine.Token));
        Assert.Equal(ConductorErrorCode.DedupeConflict, error.Code);
        Assert.Equal(4, await engine.CountAsync("executions"));
    }
}
