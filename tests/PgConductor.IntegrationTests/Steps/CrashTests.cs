using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Steps;

/// <summary>Processes that die or freeze in the middle of an execution of five steps.</summary>
[Collection(Timed.Name)]
public sealed class CrashTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job", new TaskOptions { Queue = "work" });

    [Fact]
    public async Task After_a_kill_in_the_third_step_the_first_two_do_not_run_again()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var victim = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=steps", "concurrency=20");
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 20), cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(() => victim.Said("step").Count(line => line.Split(' ')[1] == "3") == 20, "all are in their third step", 60);
        await victim.KillAsync();

        using var heir = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=steps", "concurrency=20");
        await heir.OpenAsync();
        await heir.SaysAsync("end", 20);

        await engine.IsDoneAsync();
        Assert.Equal([20, 20, 20], heir.Said("step").GroupBy(line => line.Split(' ')[1]).OrderBy(group => group.Key).Select(group => group.Count()));
        Assert.Equal(["3", "4", "5"], heir.Said("step").Select(line => line.Split(' ')[1]).Distinct().Order());
        Assert.Equal(20, await engine.CountAsync("completed_executions", "attempts = 2"));
        Assert.Equal(0, await engine.CountAsync("steps"));
    }

    [Fact]
    public async Task A_step_of_a_process_that_was_taken_over_is_rejected_and_its_handler_is_cancelled()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var frozen = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=steps");
        var handle = await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(() => frozen.Said("step").Length == 3, "it is in its third step", 60);
        await frozen.SignalAsync("STOP");
        using (var heir = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=steps"))
        {
            // The heir is in the third step as well when the frozen one sends its own: only the lease decides.
            await Eventually.IsTrue(() => heir.Said("step").Length == 1, "the heir is in the third step", 60);
            await frozen.SignalAsync("CONT");
            await frozen.OpenAsync();
            await frozen.SaysAsync("steprejected");
            await frozen.SaysAsync("cancelled");
            Assert.Equal(2, (await engine.Conductor.GetStepsAsync(handle.Id, TestEngine.Token)).Count);
            await heir.OpenAsync();
            await heir.SaysAsync("end");

            // Its outcome is recorded: nobody runs it once more after the heir's end.
            await engine.IsDoneAsync();
        }

        Assert.Equal(3, frozen.Said("step").Length);
        Assert.Empty(frozen.Said("end"));
    }
}
