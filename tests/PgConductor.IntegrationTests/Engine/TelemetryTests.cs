using System.Collections.Concurrent;
using System.Diagnostics;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Engine;

public sealed class TelemetryTests
{
    [Fact]
    public async Task A_run_belongs_to_the_trace_of_its_invoke_in_every_attempt()
    {
        await using var engine = await TestEngine.CreateAsync();
        var job = TaskDefinition.Create<int>($"traced-{Guid.NewGuid():N}", new TaskOptions { Backoff = [TimeSpan.Zero] });
        var ended = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "PgConductor",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (job.Key.Equals(activity.GetTagItem("pgconductor.task")))
                {
                    ended.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await engine.StartAsync(new TaskCollection().Add(job, (_, context) => context.Attempt == 1 ? throw new InvalidOperationException("once more") : Task.CompletedTask));

        var handle = await engine.Conductor.InvokeAsync(job, 1, cancellationToken: TestEngine.Token);
        await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);
        await Eventually.IsTrue(() => ended.Count == 3, "one invoke and two runs have ended");

        var invoke = ended.Single(activity => activity.Kind == ActivityKind.Producer);
        var runs = ended.Where(activity => activity.Kind == ActivityKind.Consumer).ToArray();
        Assert.Equal($"invoke {job.Key}", invoke.DisplayName);
        Assert.All(runs, run =>
        {
            Assert.Equal(invoke.TraceId, run.TraceId);
            Assert.Equal(invoke.SpanId, run.ParentSpanId);
            Assert.Equal($"run {job.Key}", run.DisplayName);
            Assert.Equal(handle.Id, run.GetTagItem("pgconductor.execution"));
        });
        Assert.Equal([1, 2], runs.Select(run => (int)run.GetTagItem("pgconductor.attempt")!).Order());
        Assert.Equal(ActivityStatusCode.Error, runs.Single(run => run.GetTagItem("pgconductor.attempt") is 1).Status);
        Assert.Equal(ActivityStatusCode.Unset, runs.Single(run => run.GetTagItem("pgconductor.attempt") is 2).Status);
    }

    [Fact]
    public async Task Metrics_count_what_happened()
    {
        await using var engine = await TestEngine.CreateAsync();
        var queue = $"measured-{Guid.NewGuid():N}";
        var job = TaskDefinition.Create<int>($"task-{queue}", new TaskOptions { Queue = queue, MaxAttempts = 2, Backoff = [TimeSpan.Zero] });
        using var ofQueue = new Metrics("queue", queue);
        using var ofTask = new Metrics("task", job.Key);
        await engine.StartAsync(new TaskCollection().Add(job, (number, _) => number == 0 ? throw new InvalidOperationException("never") : Task.CompletedTask));

        await engine.Conductor.InvokeManyAsync(job, Enumerable.Range(0, 10), cancellationToken: TestEngine.Token);
        await engine.IsDoneAsync();

        await Eventually.IsTrue(() => ofQueue["pgconductor.executions.settled/failed"] == 1, "the failure is counted");
        await Eventually.IsTrue(() => ofQueue["pgconductor.executions.settled/completed"] == 9, "nine completed are counted");
        Assert.Equal(1, ofQueue["pgconductor.executions.settled/retried"]);
        await Eventually.IsTrue(() => ofQueue["pgconductor.executions.claimed"] == 11, "the last claim is counted, which may be after what it claimed has ended");
        Assert.True(ofQueue["pgconductor.claim.duration"] >= 1);
        Assert.True(ofQueue["pgconductor.flush.duration"] >= 1);
        Assert.Equal(10, ofTask["pgconductor.executions.enqueued"]);
        Assert.Equal(11, ofTask["pgconductor.execution.duration"]);
        Assert.Equal(0, ofTask["pgconductor.executions.running"]);
    }
}
