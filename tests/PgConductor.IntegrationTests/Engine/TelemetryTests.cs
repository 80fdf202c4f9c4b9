using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
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
    public async Task Many_at_once_have_no_span_of_their_own_and_pass_on_the_current_one()
    {
        await using var engine = await TestEngine.CreateAsync();
        var job = TaskDefinition.Create<int>($"many-{Guid.NewGuid():N}");
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
        await engine.StartAsync(new TaskCollection().Add(job, (_, _) => Task.CompletedTask));

        using var mine = new Activity("mine").Start();
        await engine.Conductor.InvokeManyAsync(job, [1, 2], cancellationToken: TestEngine.Token);
        mine.Stop();
        await Eventually.IsTrue(() => ended.Count == 2, "both runs have ended");

        Assert.All(ended, run => Assert.Equal((ActivityKind.Consumer, mine.SpanId, mine.TraceId), (run.Kind, run.ParentSpanId, run.TraceId)));
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

    /// <summary>Invoke, runs, steps and child are one trace, though the parent is put away in between and each is run by another process.</summary>
    [Fact]
    public async Task Parent_child_and_steps_are_one_trace_across_processes_and_waits()
    {
        await using var engine = await TestEngine.CreateAsync();
        var parent = TaskDefinition.Create<int, int>($"parent-{Guid.NewGuid():N}", new TaskOptions { Queue = "parents" });
        var child = TaskDefinition.Create<int, int>($"child-{Guid.NewGuid():N}", new TaskOptions { Queue = "children" });
        var ended = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "PgConductor",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await engine.StartAsync(
            new TaskCollection().Add(parent, async (payload, context) =>
            {
                var before = await context.StepAsync("before", () => Task.FromResult(payload + 1));
                var answer = await context.InvokeAsync("ask", child, before);
                return await context.StepAsync("after", () => Task.FromResult(answer + 1));
            }),
            conductor: engine.NewConductor());
        await engine.StartAsync(
            new TaskCollection().Add(child, async (payload, context) =>
            {
                await context.StepAsync("inside", () => Task.CompletedTask);
                return payload * 10;
            }),
            conductor: engine.NewConductor());

        var handle = await engine.Conductor.InvokeAsync(parent, 1, cancellationToken: TestEngine.Token);
        Assert.Equal(21, await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        Activity[] Trace() => [.. ended.Where(activity => activity.TraceId == ended.Single(invoke => parent.Key.Equals(invoke.GetTagItem("pgconductor.task")) && invoke.Kind == ActivityKind.Producer).TraceId)];
        await Eventually.IsTrue(() => Trace().Length == 7, "an invoke, two runs of the parent, one of the child, three steps");

        var spans = Trace();
        var invoke = Assert.Single(spans, span => span.Kind == ActivityKind.Producer);
        var runs = spans.Where(span => span.OperationName == $"run {parent.Key}").OrderBy(span => span.StartTimeUtc).ToArray();
        var childRun = Assert.Single(spans, span => span.OperationName == $"run {child.Key}");
        Assert.All(runs, run => Assert.Equal(invoke.SpanId, run.ParentSpanId));
        Assert.Equal(runs[0].SpanId, childRun.ParentSpanId);
        Assert.Equal(runs[0].SpanId, Step("before").ParentSpanId);
        Assert.Equal(childRun.SpanId, Step("inside").ParentSpanId);
        Assert.Equal(runs[1].SpanId, Step("after").ParentSpanId);

        Activity Step(string name) => spans.Single(span => span.OperationName == $"step {name}");
    }

    [Fact]
    public async Task Gauges_tell_what_waits_and_what_is_held()
    {
        await using var engine = await TestEngine.CreateAsync();
        var queue = $"gauged-{Guid.NewGuid():N}";
        var job = TaskDefinition.Create<int>("job", new TaskOptions { Queue = queue });
        var seen = new ConcurrentDictionary<string, double>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "PgConductor" && instrument.IsObservable)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => See(instrument.Name, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => See(instrument.Name, value, tags));
        listener.Start();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await engine.Conductor.CreateQueueAsync(queue, cancellationToken: TestEngine.Token);
        await engine.Conductor.InvokeManyAsync(job, [1, 2], options: new() { RunAt = DateTimeOffset.UtcNow.AddDays(1) }, cancellationToken: TestEngine.Token);
        await engine.Conductor.InvokeAsync(job, 3, cancellationToken: TestEngine.Token);
        await engine.StartAsync(new TaskCollection().Add(job, (_, _) =>
        {
            started.TrySetResult();
            return goOn.Task;
        }));
        await started.Task.WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token);

        await Eventually.IsTrue(() => Look("pgconductor.queue.depth/scheduled") == 2 && Look("pgconductor.leases") == 1, "two wait for tomorrow, one lease is held");
        Assert.Equal(0, Look("pgconductor.queue.depth/waiting"));
        Assert.True(seen.ContainsKey("pgconductor.queue.oldest_due"));
        Assert.True(seen.ContainsKey("pgconductor.horizon.age"));
        Assert.True(seen.ContainsKey("pgconductor.maintenance.overdue"));
        goOn.SetResult();

        double Look(string name)
        {
            listener.RecordObservableInstruments();
            return seen.GetValueOrDefault(name, -1);
        }

        void See(string name, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string? state = null;
            foreach (var tag in tags)
            {
                if (tag.Key == "queue" && !Equals(tag.Value, queue))
                {
                    return;
                }

                state = tag.Key == "state" ? (string?)tag.Value : state;
            }

            seen[state is null ? name : $"{name}/{state}"] = value;
        }
    }
}
