using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Engine;

/// <summary>N18: a process never claims what it has no handler for.</summary>
public sealed class UnknownTaskTests
{
    private static readonly TaskDefinition<int, NoResult> _known = TaskDefinition.Create<int>("known");
    private static readonly TaskDefinition<int, NoResult> _added = TaskDefinition.Create<int>("added");

    [Fact]
    public async Task An_old_process_never_claims_what_only_a_new_one_handles()
    {
        await using var engine = await TestEngine.CreateAsync();
        var byOld = 0;
        var byNew = 0;
        var old = new TaskCollection().Add(_known, (_, _) =>
        {
            Interlocked.Increment(ref byOld);
            return Task.CompletedTask;
        });
        await engine.StartAsync(old, conductor: engine.NewConductor());

        // Before anybody serves it, and interleaved with what the old one does serve.
        for (var i = 0; i < 20; i++)
        {
            await engine.Conductor.InvokeAsync(_added, i, cancellationToken: TestEngine.Token);
            await engine.Conductor.InvokeAsync(_known, i, cancellationToken: TestEngine.Token);
        }

        await Eventually.IsTrue(() => byOld == 20, "the old process did its own");
        Assert.Equal(20, await engine.CountAsync("executions", "task_key = 'added' and attempts = 0"));
        await Eventually.IsTrue(async () => await engine.CountAsync("leases") == 0, "the results of its own are recorded, and it holds nothing else");
        Assert.Equal(20, await engine.CountAsync("executions", "task_key = 'added' and attempts = 0"));

        var second = await engine.StartAsync(
            new TaskCollection()
                .Add(_known, (_, _) => Task.CompletedTask)
                .Add(_added, (_, context) =>
                {
                    Interlocked.Add(ref byNew, context.Attempt);
                    return Task.CompletedTask;
                }),
            conductor: engine.NewConductor());
        await Eventually.IsTrue(() => byNew == 20, "the new process did the rest");
        for (var i = 0; i < 100; i++)
        {
            await engine.Conductor.InvokeAsync(_added, i, cancellationToken: TestEngine.Token);
        }

        await Eventually.IsTrue(() => byNew == 120, "the new process did all of these, each at the first attempt");
        await engine.IsDoneAsync();
        await second.StopAsync(TestEngine.Token);

        // The new one is gone: nobody touches it.
        await engine.Conductor.InvokeAsync(_added, 1, cancellationToken: TestEngine.Token);
        await (await engine.Conductor.InvokeAsync(_known, 1, cancellationToken: TestEngine.Token)).WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);
        Assert.Equal(1, await engine.CountAsync("executions", "task_key = 'added' and attempts = 0"));
    }
}
