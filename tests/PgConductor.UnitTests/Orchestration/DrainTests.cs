using PgConductor.Orchestration;
using PgConductor.UnitTests.Workers;
using Xunit;

namespace PgConductor.UnitTests.Orchestration;

/// <summary>Drain mode: it ends when all that is due is done, and not before.</summary>
public sealed class DrainTests : IAsyncDisposable
{
    private readonly WorkerHarness _harness = new();

    private static CancellationToken Token => WorkerHarness.Token;

    public ValueTask DisposeAsync() => _harness.DisposeAsync();

    [Fact]
    public async Task All_that_is_due_is_done_and_what_is_due_later_is_left()
    {
        var task = TaskDefinition.Create<int>("t");
        var ran = 0;
        await _harness.InvokeAsync(task, 500);
        await _harness.InvokeAsync(task, 3, new InvokeOptions { RunAt = DateTimeOffset.UtcNow + TimeSpan.FromHours(1) });
        await using var orchestrator = new Orchestrator(_harness.Conductor, new TaskCollection().Add(task, async (_, _) =>
        {
            await Task.Yield();
            Interlocked.Increment(ref ran);
        }));

        await orchestrator.DrainAsync(Token);

        Assert.Equal((500, 500, 3), (ran, await _harness.CountAsync(ExecutionState.Completed), await _harness.CountAsync(ExecutionState.Scheduled)));
        Assert.Empty(await _harness.Database.ListOrchestratorsAsync(Token));
    }

    [Fact]
    public async Task Work_that_goes_to_and_fro_between_the_queues_of_the_process_is_followed_to_its_end()
    {
        for (var round = 0; round < 20; round++)
        {
            var to = TaskDefinition.Create<int>("to", new TaskOptions { Queue = "a" });
            var fro = TaskDefinition.Create<int>("fro", new TaskOptions { Queue = "b" });
            var ran = 0;
            var tasks = new TaskCollection();
            tasks.Add(to, (number, context) => PassOnAsync(number, fro, context));
            tasks.Add(fro, (number, context) => PassOnAsync(number, to, context));
            await _harness.Conductor.CreateQueueAsync("a", cancellationToken: Token);
            await _harness.InvokeAsync(to, 1, new InvokeOptions { Queue = "a" });
            await using var orchestrator = new Orchestrator(_harness.Conductor, tasks);

            await orchestrator.DrainAsync(Token);

            Assert.Equal(30, ran);

            async Task PassOnAsync(int number, TaskDefinition<int, NoResult> next, TaskContext context)
            {
                Interlocked.Increment(ref ran);
                await Task.Delay(1 + (number % 7), Token);
                if (number < 29)
                {
                    await context.Conductor.InvokeAsync(next, number + 1, cancellationToken: Token);
                }
            }
        }
    }

    [Fact]
    public async Task A_retry_that_is_due_at_once_is_done_too()
    {
        var task = TaskDefinition.Create<int>("t", new TaskOptions { Backoff = [TimeSpan.Zero] });
        await _harness.InvokeAsync(task, 20);
        await using var orchestrator = new Orchestrator(_harness.Conductor, new TaskCollection().Add(task, (_, context) =>
            context.Attempt < 4 ? throw new FormatException() : Task.CompletedTask));

        await orchestrator.DrainAsync(Token);

        Assert.Equal(20, await _harness.CountAsync(ExecutionState.Completed));
    }

    [Theory]
    [InlineData("token")]
    [InlineData("signal")]
    [InlineData("stop")]
    public async Task It_ends_before_when_it_is_told_to(string how)
    {
        using var source = new CancellationTokenSource();
        var task = TaskDefinition.Create<int>("t");
        await using var orchestrator = new Orchestrator(_harness.Conductor, new TaskCollection().Add(task, async (number, context) =>
        {
            await Task.Delay(1, context.CancellationToken);
            await context.Conductor.InvokeAsync(task, number + 1, cancellationToken: Token);
        }));
        await _harness.InvokeAsync(task, 1);
        var draining = orchestrator.DrainAsync(source.Token);
        await _harness.UntilAsync(async () => await _harness.CountAsync(ExecutionState.Completed) > 5, "it never ends by itself");

        switch (how)
        {
            case "token":
                await source.CancelAsync();
                break;
            case "signal":
                await _harness.Conductor.StopOrchestratorAsync(orchestrator.Id, cancellationToken: Token);
                break;
            default:
                await orchestrator.StopAsync(Token);
                break;
        }

        await draining.WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.Empty(await _harness.Database.ListOrchestratorsAsync(Token));
        Assert.Equal(1, await _harness.CountAsync(ExecutionState.Ready));
    }
}
