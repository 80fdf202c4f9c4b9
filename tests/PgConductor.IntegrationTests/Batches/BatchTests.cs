using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PgConductor.Client;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Batches;

/// <summary>Batch tasks on a server: gathered from many leases, outcomes by item, cancellation, other processes, parents, traces.</summary>
public sealed class BatchTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private static TaskDefinition<int, string> Define(int size, TimeSpan wait, int maxAttempts = 5) => TaskDefinition.Create<int, string>(
        "batch", new TaskOptions { Batch = new BatchOptions { Size = size, Wait = wait }, MaxAttempts = maxAttempts, Backoff = [TimeSpan.Zero] });

    [Fact]
    public async Task A_backlog_is_run_in_full_batches_and_each_execution_has_its_own_result()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = Define(100, TimeSpan.FromMilliseconds(200));
        var sizes = new ConcurrentQueue<int>();
        var ids = await engine.Conductor.InvokeManyAsync(task, Enumerable.Range(0, 1000), cancellationToken: TestEngine.Token);
        await engine.StartAsync(new TaskCollection().AddBatch(task, batch =>
        {
            sizes.Enqueue(batch.Items.Count);
            Parallel.ForEach(batch.Items, item => item.Complete($"{item.Payload * 2}"));
            return Task.CompletedTask;
        }));

        await engine.IsDoneAsync();

        Assert.Equal(1000, sizes.Sum());
        Assert.True(sizes.Count(size => size == 100) >= 8, $"sizes {string.Join(' ', sizes)}");
        Assert.Equal(1000, await engine.CountAsync("completed_executions", "result #>> '{}' = ((payload #>> '{}')::integer * 2)::text and attempts = 1"));
        Assert.Equal("1998", await engine.Conductor.GetHandle<string>(ids[999]).WaitAsync(_patience, TestEngine.Token));
    }

    [Fact]
    public async Task Some_complete_some_are_retried_by_their_own_attempts_and_some_never_again()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = Define(4, TimeSpan.FromMilliseconds(100), maxAttempts: 3);
        var attempts = new ConcurrentQueue<(int Payload, int Attempt)>();
        var ids = await engine.Conductor.InvokeManyAsync(task, Enumerable.Range(0, 4), cancellationToken: TestEngine.Token);
        await engine.StartAsync(new TaskCollection().AddBatch(task, batch =>
        {
            foreach (var item in batch.Items)
            {
                attempts.Enqueue((item.Payload, item.Attempt));
                switch (item.Payload)
                {
                    case 0:
                        item.Complete("at once");
                        break;
                    case 1 when item.Attempt == 2:
                        item.Complete("the second time");
                        break;
                    case 2:
                        item.Fail(new NonRetryableException("never"));
                        break;
                    default:
                        item.Fail(new InvalidOperationException($"attempt {item.Attempt}"));
                        break;
                }
            }

            return Task.CompletedTask;
        }));

        await engine.IsDoneAsync();

        Assert.Equal([(0, 1), (1, 1), (1, 2), (2, 1), (3, 1), (3, 2), (3, 3)], attempts.Order());
        Assert.Equal("the second time", await engine.Conductor.GetHandle<string>(ids[1]).WaitAsync(_patience, TestEngine.Token));
        var last = (await engine.Conductor.GetAsync(ids[3], TestEngine.Token))!;
        Assert.Equal((ExecutionState.Failed, 3, "attempt 3"), (last.State, last.Attempts, last.Reason));
        Assert.Equal("never", (await engine.Conductor.GetAsync(ids[2], TestEngine.Token))!.Reason);
    }

    [Fact]
    public async Task A_cancelled_execution_hears_it_in_the_middle_of_its_batch_and_the_others_do_not()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = Define(3, TimeSpan.FromSeconds(10));
        var started = new TaskCompletionSource();
        await engine.StartAsync(new TaskCollection().AddBatch(task, async batch =>
        {
            started.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, batch.Items[1].CancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
            foreach (var item in batch.Items.Where(item => !item.CancellationToken.IsCancellationRequested))
            {
                item.Complete("done");
            }
        }));
        var ids = await engine.Conductor.InvokeManyAsync(task, Enumerable.Range(0, 3), cancellationToken: TestEngine.Token);
        await started.Task.WaitAsync(_patience, TestEngine.Token);

        Assert.Equal(CancelOutcome.Requested, await engine.Conductor.CancelAsync(ids[1], "no more", TestEngine.Token));

        await engine.IsAsync(ids[1], ExecutionState.Cancelled);
        await engine.IsAsync(ids[0], ExecutionState.Completed);
        await engine.IsAsync(ids[2], ExecutionState.Completed);
        Assert.Equal("no more", (await engine.Conductor.GetAsync(ids[1], TestEngine.Token))!.Reason);
    }

    [Fact]
    public async Task Two_processes_share_a_backlog_and_run_each_execution_once()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = Define(20, TimeSpan.FromMilliseconds(50));
        var ran = new ConcurrentDictionary<Guid, int>();
        var tasks = () => new TaskCollection().AddBatch(task, async batch =>
        {
            await Task.Yield();
            foreach (var item in batch.Items)
            {
                ran.AddOrUpdate(item.ExecutionId, 1, (_, count) => count + 1);
                item.Complete("");
            }
        });
        await engine.StartAsync(tasks());
        await engine.StartAsync(tasks(), conductor: engine.NewConductor());

        var ids = await engine.Conductor.InvokeManyAsync(task, Enumerable.Range(0, 2000), cancellationToken: TestEngine.Token);
        await engine.IsDoneAsync();

        Assert.Equal(ids.Order(), ran.Keys.Order());
        Assert.All(ran.Values, count => Assert.Equal(1, count));
        Assert.Equal(2000, await engine.CountAsync("completed_executions"));
    }

    [Fact]
    public async Task After_a_kill_what_had_no_outcome_runs_again_and_what_had_one_does_not()
    {
        await using var engine = await TestEngine.CreateAsync();
        var job = TaskDefinition.Create<int>("job", new TaskOptions { Queue = "work" });
        using var victim = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=batch");
        var ids = await engine.Conductor.InvokeManyAsync(job, Enumerable.Range(0, 10), cancellationToken: TestEngine.Token);
        await victim.SaysAsync("start", 10);
        await victim.SaysAsync("end", 1);
        var done = Guid.Parse(victim.Said("end").Single().Split(' ')[1]);
        await engine.IsAsync(done, ExecutionState.Completed);

        await victim.KillAsync();
        using var heir = await WorkerProcess.StartAsync(engine.Database, "queue=work", "handler=batch-noop");
        await heir.SaysAsync("end", 9);

        await engine.IsDoneAsync();
        Assert.Equal(ids.Where(id => id != done).Order(), heir.Said("end").Select(line => Guid.Parse(line.Split(' ')[1])).Order());
        Assert.All(heir.Said("start"), line => Assert.Equal("2", line.Split(' ')[2]));
        Assert.Equal(10, await engine.CountAsync("completed_executions"));
    }

    [Fact]
    public async Task Children_of_one_parent_run_in_a_batch_and_each_answers_it()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = Define(10, TimeSpan.FromMilliseconds(200));
        var parent = TaskDefinition.Create<int, int>("parent");
        await engine.StartAsync(new TaskCollection()
            .AddBatch(task, batch =>
            {
                foreach (var item in batch.Items)
                {
                    item.Complete($"{item.Payload}");
                }

                return Task.CompletedTask;
            })
            .Add(parent, async (count, context) => (await context.InvokeAllAsync("children", task, Enumerable.Range(0, count))).Sum(int.Parse)));

        var handle = await engine.Conductor.InvokeAsync(parent, 25, cancellationToken: TestEngine.Token);

        Assert.Equal(300, await handle.WaitAsync(_patience, TestEngine.Token));
    }

    [Fact]
    public async Task An_execution_that_has_steps_is_refused_by_a_batch_and_nothing_of_it_is_lost()
    {
        await using var engine = await TestEngine.CreateAsync();
        var before = TaskDefinition.Create<int, string>("batch", new TaskOptions { Backoff = [TimeSpan.Zero] });
        var stepped = new TaskCompletionSource();
        Guid id;
        var old = await engine.StartAsync(new TaskCollection().Add(before, async (_, context) =>
        {
            await context.StepAsync("a", () => Task.FromResult(1));
            stepped.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, context.CancellationToken);
            return "";
        }), options => options with { DrainTimeout = TimeSpan.Zero });
        id = (await engine.Conductor.InvokeAsync(before, 1, cancellationToken: TestEngine.Token)).Id;
        await stepped.Task.WaitAsync(_patience, TestEngine.Token);
        await old.StopAsync(TestEngine.Token);
        var task = Define(10, TimeSpan.Zero, maxAttempts: 1);
        await engine.StartAsync(new TaskCollection().AddBatch(task, batch =>
        {
            batch.Items.ToList().ForEach(item => item.Complete("new"));
            return Task.CompletedTask;
        }));
        var fresh = await engine.Conductor.InvokeAsync(task, 2, cancellationToken: TestEngine.Token);

        Assert.Equal("new", await fresh.WaitAsync(_patience, TestEngine.Token));
        await engine.IsAsync(id, ExecutionState.Failed);
        var info = (await engine.Conductor.GetAsync(id, TestEngine.Token))!;
        Assert.Contains("has steps", info.Reason, StringComparison.Ordinal);
        Assert.Equal("a", Assert.Single(await engine.Conductor.GetStepsAsync(id, TestEngine.Token)).Name);
    }

    [Fact]
    public async Task A_handler_class_is_made_for_each_batch_in_a_scope_of_its_own()
    {
        await using var engine = await TestEngine.CreateAsync();
        var services = new ServiceCollection().AddSingleton<Seen>().AddScoped<Scoped>();
        await using var provider = services.BuildServiceProvider();
        var task = Define(5, TimeSpan.FromMilliseconds(50));
        await engine.StartAsync(new TaskCollection().AddBatch<Handler, int, string>(task), services: provider);

        await engine.Conductor.InvokeManyAsync(task, Enumerable.Range(0, 50), cancellationToken: TestEngine.Token);
        await engine.IsDoneAsync();

        var seen = provider.GetRequiredService<Seen>();
        Assert.Equal(50, seen.Sizes.Sum());
        Assert.Equal(seen.Sizes.Count, seen.Disposed);
        Assert.Equal(50, await engine.CountAsync("completed_executions"));
    }

    [Fact]
    public async Task A_batch_is_one_trace_with_a_link_to_each_invoke()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = TaskDefinition.Create<int>($"traced-{Guid.NewGuid():N}", new TaskOptions { Batch = new BatchOptions { Size = 3, Wait = TimeSpan.FromSeconds(10) } });
        var ended = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "PgConductor",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (task.Key.Equals(activity.GetTagItem("pgconductor.task")))
                {
                    ended.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await engine.StartAsync(new TaskCollection().AddBatch(task, _ => Task.CompletedTask));
        var ids = new List<Guid>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add((await engine.Conductor.InvokeAsync(task, i, cancellationToken: TestEngine.Token)).Id);
        }

        await engine.IsDoneAsync();
        await Eventually.IsTrue(() => ended.Count == 4, "three invokes and one batch have ended");

        var run = Assert.Single(ended, activity => activity.Kind == ActivityKind.Consumer);
        Assert.Equal(($"run batch {task.Key}", 3), (run.DisplayName, run.GetTagItem("pgconductor.batch.size")));
        Assert.Equal(
            ended.Where(activity => activity.Kind == ActivityKind.Producer).Select(activity => activity.SpanId.ToHexString()).Order(),
            run.Links.Select(link => link.Context.SpanId.ToHexString()).Order());
        Assert.Equal(ids.Order(), run.Links.Select(link => (Guid)link.Tags!.Single(tag => tag.Key == "pgconductor.execution").Value!).Order());
    }

    [Fact]
    public async Task What_the_handler_logs_carries_its_task_and_size()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var scopes = new ScopeLog();
        using var loggers = LoggerFactory.Create(builder => builder.AddProvider(scopes));
        var task = Define(3, TimeSpan.FromSeconds(10));
        await engine.StartAsync(
            new TaskCollection().AddBatch(task, batch =>
            {
#pragma warning disable CA1848 // What handlers log is a user's code.
                batch.Logger.LogInformation("hello");
#pragma warning restore CA1848
                batch.Items.ToList().ForEach(item => item.Complete(""));
                return Task.CompletedTask;
            }),
            loggers: loggers);

        await engine.Conductor.InvokeManyAsync(task, Enumerable.Range(0, 3), cancellationToken: TestEngine.Token);
        await engine.IsDoneAsync();

        Assert.Equal(["PgConductor.Tasks.batch TaskKey=batch BatchSize=3"], scopes.Lines);
    }

    [Fact]
    public async Task A_drain_starts_what_there_is_instead_of_waiting_for_more()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = Define(100, TimeSpan.FromMinutes(10));
        var sizes = new ConcurrentQueue<int>();
        await engine.Conductor.InvokeManyAsync(task, Enumerable.Range(0, 130), cancellationToken: TestEngine.Token);
        var orchestrator = engine.New(new TaskCollection().AddBatch(task, batch =>
        {
            sizes.Enqueue(batch.Items.Count);
            batch.Items.ToList().ForEach(item => item.Complete(""));
            return Task.CompletedTask;
        }));

        await orchestrator.DrainAsync(TestEngine.Token).WaitAsync(_patience, TestEngine.Token);

        Assert.Equal(130, sizes.Sum());
        Assert.Equal(130, await engine.CountAsync("completed_executions"));
    }

    /// <summary>What handlers log: category and scopes.</summary>
    private sealed class ScopeLog : ILoggerProvider, ISupportExternalScope
    {
        private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

        public ConcurrentQueue<string> Lines { get; } = new();

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

        public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

        public void Dispose()
        {
        }

        private sealed class Logger(ScopeLog log, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => log._scopes.Push(state);

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                if (!category.StartsWith("PgConductor.Tasks.", StringComparison.Ordinal))
                {
                    return;
                }

                var line = new StringBuilder(category);
                log._scopes.ForEachScope(
                    static (scope, text) =>
                    {
                        foreach (var (key, value) in scope as IEnumerable<KeyValuePair<string, object?>> ?? [])
                        {
                            text.Append(' ').Append(key).Append('=').Append(value);
                        }
                    },
                    line);
                log.Lines.Enqueue(line.ToString());
            }
        }
    }

    private sealed class Seen
    {
        public ConcurrentQueue<int> Sizes { get; } = new();

        public int Disposed;
    }

    private sealed class Scoped(Seen seen) : IDisposable
    {
        public void Add(int size) => seen.Sizes.Enqueue(size);

        public void Dispose() => Interlocked.Increment(ref seen.Disposed);
    }

    private sealed class Handler(Scoped scoped) : IBatchTaskHandler<int, string>
    {
        public Task RunAsync(BatchContext<int, string> batch)
        {
            scoped.Add(batch.Items.Count);
            foreach (var item in batch.Items)
            {
                item.Complete("");
            }

            return Task.CompletedTask;
        }
    }
}
