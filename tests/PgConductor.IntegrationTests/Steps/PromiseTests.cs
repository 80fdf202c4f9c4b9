using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using PgConductor.IntegrationTests.Support;
using Xunit;

namespace PgConductor.IntegrationTests.Steps;

/// <summary>Single sentences of docs/concepts/steps.md that no other test is about.</summary>
public sealed class PromiseTests
{
    private static readonly TaskDefinition<int, string> _task = TaskDefinition.Create<int, string>("job", new TaskOptions { Backoff = [TimeSpan.Zero], MaxAttempts = 3, Timeout = TimeSpan.FromSeconds(3) });
    private static readonly TaskDefinition<int, int> _child = TaskDefinition.Create<int, int>("child");

    [Fact]
    public async Task A_step_that_must_not_be_tried_again_is_not()
    {
        await using var engine = await TestEngine.CreateAsync();
        var runs = 0;
        await engine.StartAsync(new TaskCollection().Add(_task, (_, context) => context.StepAsync("a", Task<string> () =>
        {
            Interlocked.Increment(ref runs);
            throw new NonRetryableException("never");
        })));
        var handle = await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token);

        await engine.IsAsync(handle.Id, ExecutionState.Failed);

        Assert.Equal((1, "never"), (runs, (await handle.GetAsync(TestEngine.Token))!.Reason));
    }

    [Fact]
    public async Task What_a_step_returns_is_what_was_stored_in_the_first_run_too()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(new TaskCollection().Add(_task, async (_, context) =>
        {
            var made = new Receipt { Number = 7, Secret = "not stored" };
            var got = await context.StepAsync("a", () => Task.FromResult(made));
            return $"{got.Number} {got.Secret ?? "nothing"} {ReferenceEquals(made, got)}";
        }));

        var handle = await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token);

        Assert.Equal("7 nothing False", await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
    }

    [Fact]
    public async Task A_steps_result_may_be_as_large_as_a_payload_and_no_larger()
    {
        await using var engine = await TestEngine.CreateAsync(options => options with { MaxPayloadBytes = 2000 });
        await engine.StartAsync(new TaskCollection().Add(_task, async (length, context) => $"{(await context.StepAsync("a", () => Task.FromResult(new string('x', length)))).Length}"));

        var fits = await engine.Conductor.InvokeAsync(_task, 1998, cancellationToken: TestEngine.Token);
        var larger = await engine.Conductor.InvokeAsync(_task, 1999, cancellationToken: TestEngine.Token);

        Assert.Equal("1998", await fits.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        await engine.IsAsync(larger.Id, ExecutionState.Failed);
        Assert.Contains("MaxPayloadBytes", (await larger.GetAsync(TestEngine.Token))!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_timeout_limits_a_run_and_not_the_execution()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(new TaskCollection().Add(_task, async (_, context) =>
        {
            for (var i = 0; i < 4; i++)
            {
                await context.SleepAsync($"nap {i}", TimeSpan.FromSeconds(1));
            }

            return "slept longer than three seconds";
        }));

        var handle = await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token);

        await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);
        Assert.Equal(1, (await handle.GetAsync(TestEngine.Token))!.Attempts);
    }

    [Fact]
    public async Task A_wait_that_nobody_awaits_when_the_handler_returns_was_never_begun()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(new TaskCollection().Add(_task, (number, context) =>
        {
            _ = context.InvokeAsync("forgotten", _child, number);
            _ = context.SleepAsync("forgotten too", TimeSpan.FromDays(1));
            return Task.FromResult("done");
        }));

        var handle = await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token);

        Assert.Equal("done", await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        await engine.IsDoneAsync();
        Assert.Equal((0, 0), (await engine.CountAsync("all_executions", "task_key = 'child'"), await engine.CountAsync("steps")));
    }

    [Fact]
    public async Task What_is_awaited_beside_a_wait_and_is_no_step_is_abandoned_and_runs_again()
    {
        await using var engine = await TestEngine.CreateAsync();
        var calls = 0;
        var never = new TaskCompletionSource();
        Task CallAsync() => Interlocked.Increment(ref calls) == 1 ? never.Task : Task.CompletedTask;
        await engine.StartAsync(new TaskCollection().Add(_task, async (_, context) =>
        {
            await Task.WhenAll(context.SleepAsync("nap", TimeSpan.FromMilliseconds(100)), CallAsync());
            return "done";
        }));

        var handle = await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token);

        Assert.Equal("done", await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        Assert.Equal((2, 1), (calls, (await handle.GetAsync(TestEngine.Token))!.Attempts));
    }

    [Fact]
    public async Task The_scope_of_a_run_is_disposed_of_at_a_wait()
    {
        await using var engine = await TestEngine.CreateAsync();
        var disposals = new Disposals();
        await using var services = new ServiceCollection().AddSingleton(disposals).AddScoped<Held>().BuildServiceProvider(validateScopes: true);
        await engine.StartAsync(
            new TaskCollection().Add(_task, async (_, context) =>
            {
                context.Services.GetRequiredService<Held>();
                await context.SleepAsync("nap", TimeSpan.FromMilliseconds(100));
                return $"{Volatile.Read(ref disposals.Count)}";
            }),
            services: services);

        var handle = await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token);

        Assert.Equal("1", await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
    }

    private sealed record Receipt
    {
        public int Number { get; init; }

        [JsonIgnore]
        public string? Secret { get; init; }
    }

    private sealed class Disposals
    {
        public int Count;
    }

    private sealed class Held(Disposals disposals) : IDisposable
    {
        public void Dispose() => Interlocked.Increment(ref disposals.Count);
    }
}
