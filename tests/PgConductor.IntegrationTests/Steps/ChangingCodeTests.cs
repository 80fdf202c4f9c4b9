using System.Collections.Concurrent;
using PgConductor.IntegrationTests.Support;
using Xunit;

namespace PgConductor.IntegrationTests.Steps;

/// <summary>The table of docs/concepts/changing-code.md, row by row: the first run is the old code, the next ones are the new.</summary>
public sealed class ChangingCodeTests
{
    private static readonly TaskDefinition<int, string> _task = TaskDefinition.Create<int, string>("job", new TaskOptions { Backoff = [TimeSpan.Zero], MaxAttempts = 2 });
    private static readonly TaskDefinition<int, int> _child = TaskDefinition.Create<int, int>("child");
    private readonly ConcurrentQueue<string> _ran = new();
    private int _runs;

    [Fact]
    public async Task Finished_steps_keep_their_result_in_any_order_and_a_renamed_one_is_done_once_more()
    {
        var (_, result) = await RunAsync(
            old: async context =>
            {
                await StepAsync(context, "a", "old a");
                await StepAsync(context, "b", "old b");
                await StepAsync(context, "c", "old c");
                throw new FormatException("a new version is deployed");
            },
            code: async context => $"{await StepAsync(context, "b", "new b")}, {await StepAsync(context, "a", "new a")}, {await StepAsync(context, "c renamed", "new c")}");

        Assert.Equal("old b, old a, new c", result);
        Assert.Equal(["old a", "old b", "old c", "new c"], _ran);
    }

    [Fact]
    public async Task Another_result_type_is_an_error_that_names_the_step()
    {
        var (_, result) = await RunAsync(
            old: async context =>
            {
                await StepAsync(context, "a", "text");
                throw new FormatException("a new version is deployed");
            },
            code: async context =>
            {
                var error = await Assert.ThrowsAsync<ConductorException>(() => context.StepAsync("a", () => Task.FromResult(7)));
                return $"{error.Code}: {error.Message}";
            });

        Assert.StartsWith(ConductorErrorCode.InvalidPayload, result, StringComparison.Ordinal);
        Assert.Contains("\"a\"", result, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_child_that_was_started_goes_on_as_it_was()
    {
        var (_, result) = await RunAsync(
            old: async context => $"{await context.InvokeAsync("c", _child, 1)}",
            code: async context => $"{await context.InvokeAsync("c", TaskDefinition.Create<int, int>("another"), 2)}");

        Assert.Equal("10", result);
    }

    [Theory]
    [InlineData(3, null)]
    [InlineData(1, "10")]
    public async Task Of_children_together_fewer_are_enough_and_more_are_a_conflict(int count, string? expected)
    {
        var (info, result) = await RunAsync(
            old: async context => string.Join(' ', await context.InvokeAllAsync("all", _child, [1, 2])),
            code: async context => string.Join(' ', await context.InvokeAllAsync("all", _child, Enumerable.Range(1, count))));

        Assert.Equal(expected, result);
        if (expected is null)
        {
            Assert.Equal(ExecutionState.Failed, info.State);
            Assert.Contains("all", info.Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Put_right_and_retried_a_dead_letter_goes_on_where_it_stopped()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(new TaskCollection().Add(_task, async (_, context) =>
        {
            var first = await StepAsync(context, "a", "a");
            return Interlocked.Increment(ref _runs) <= 2
                ? throw new ConductorException(ConductorErrorCode.StepConflict, "faulty code")
                : first + await StepAsync(context, "b", "b");
        }));
        var handle = await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token);
        await engine.IsAsync(handle.Id, ExecutionState.Failed);

        await engine.Conductor.RetryAsync(handle.Id, TestEngine.Token);

        Assert.Equal("ab", await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        Assert.Equal(["a", "b"], _ran);
    }

    private Task<string> StepAsync(TaskContext context, string name, string result) => context.StepAsync(name, () =>
    {
        _ran.Enqueue(result);
        return Task.FromResult(result);
    });

    /// <summary>How the execution ended, and with what.</summary>
    private async Task<(ExecutionInfo Info, string? Result)> RunAsync(Func<TaskContext, Task<string>> old, Func<TaskContext, Task<string>> code)
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(new TaskCollection()
            .Add(_task, (_, context) => Interlocked.Increment(ref _runs) == 1 ? old(context) : code(context))
            .Add(_child, (payload, _) => Task.FromResult(payload * 10)));
        var handle = await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token);
        await engine.IsDoneAsync();
        var info = (await handle.GetAsync(TestEngine.Token))!;
        return (info, info.Result?.GetString());
    }
}
