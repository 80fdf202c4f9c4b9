using Microsoft.Extensions.DependencyInjection;
using PgConductor.Client;
using PgConductor.Hosting;
using PgConductor.Orchestration;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Hosting;

public sealed class HostedExecutionTests
{
    private static readonly TaskDefinition<int, string> _delegateTask = TaskDefinition.Create<int, string>("delegate-task");
    private static readonly TaskDefinition<int, string> _classTask = TaskDefinition.Create<int, string>("class-task");
    private static readonly TaskDefinition<int, NoResult> _failingTask = TaskDefinition.Create<int>("failing-task", new TaskOptions { MaxAttempts = 1 });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Delegates_and_classes_run_in_a_host_and_it_leaves_nothing_behind()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var host = await TestHost.StartAsync(
            database,
            builder => builder
                .AddTask(_delegateTask, (number, _) => Task.FromResult($"delegate {number}"))
                .AddTask<Handler, int, string>(_classTask),
            services => services.AddScoped<Part>().AddSingleton<Ledger>());
        var conductor = host.Services.GetRequiredService<IConductor>();

        var first = await conductor.InvokeAsync(_delegateTask, 1, cancellationToken: Token);
        var second = await conductor.InvokeAsync(_classTask, 2, cancellationToken: Token);

        Assert.Equal("delegate 1", await first.WaitAsync(TimeSpan.FromSeconds(60), Token));
        Assert.Equal("class 2", await second.WaitAsync(TimeSpan.FromSeconds(60), Token));
        await host.StopAsync(Token);
        Assert.Equal(OrchestratorPhase.Stopped, host.Services.GetRequiredService<Orchestrator>().Status.Phase);
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pgconductor.leases"));
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pgconductor.orchestrators"));
    }

    [Fact]
    public async Task Batch_tasks_of_a_host_run_with_services_of_their_own_scope()
    {
        await using var database = await TestDatabase.CreateAsync();
        var batch = new BatchOptions { Size = 5, Wait = TimeSpan.FromMilliseconds(50) };
        var (byClass, byDelegate) = (TaskDefinition.Create<int, int>("by-class", new TaskOptions { Batch = batch }), TaskDefinition.Create<int>("by-delegate", new TaskOptions { Batch = batch }));
        using var host = await TestHost.StartAsync(
            database,
            builder => builder.AddBatchTask<BatchHandler, int, int>(byClass).AddBatchTask(byDelegate, _ => Task.CompletedTask),
            services => services.AddSingleton<Ledger>());
        var conductor = host.Services.GetRequiredService<IConductor>();

        var first = await conductor.InvokeAsync(byClass, 3, cancellationToken: Token);
        var second = await conductor.InvokeAsync(byDelegate, 4, cancellationToken: Token);

        Assert.Equal(6, await first.WaitAsync(TimeSpan.FromSeconds(60), Token));
        await second.WaitAsync(TimeSpan.FromSeconds(60), Token);
    }

    private sealed class BatchHandler(Ledger ledger) : IBatchTaskHandler<int, int>
    {
        public Task RunAsync(BatchContext<int, int> batch)
        {
            Assert.NotNull(ledger);
            foreach (var item in batch.Items)
            {
                item.Complete(item.Payload * 2);
            }

            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Schedules_and_subscriptions_of_a_host_are_declared_by_its_service()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var host = await TestHost.StartAsync(database, builder => builder
            .AddTask(_delegateTask, (number, _) => Task.FromResult($"delegate {number}"))
            .AddSchedule("nightly", _delegateTask, 7, "0 2 * * *")
            .AddSubscription(_delegateTask, EventSubscription.To("paid"))
            .ConfigureOrchestrator(options => options with { Service = "shop" }));

        var schedule = Assert.Single(await host.Services.GetRequiredService<IConductor>().ListSchedulesAsync(Token));
        var subscription = Assert.Single(await host.Services.GetRequiredService<IConductor>().ListSubscriptionsAsync(cancellationToken: Token));
        Assert.Equal(("paid", "shop", "delegate-task"), (subscription.EventKey, subscription.Service, subscription.TaskKey));
        Assert.Equal(("nightly", "shop", "delegate-task", 7), (schedule.Key, schedule.Service, schedule.TaskKey, schedule.Payload!.Value.GetInt32()));
    }

    [Fact]
    public async Task Each_execution_has_a_scope_of_its_own_which_is_disposed_of_before_its_outcome_is_recorded()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var host = await TestHost.StartAsync(
            database,
            builder => builder.AddTask<Handler, int, string>(_classTask).AddTask<FailingHandler, int>(_failingTask),
            services => services.AddScoped<Part>().AddSingleton<Ledger>());
        var conductor = host.Services.GetRequiredService<IConductor>();
        var ledger = host.Services.GetRequiredService<Ledger>();

        foreach (var number in Enumerable.Range(0, 20))
        {
            var handle = await conductor.InvokeAsync(_classTask, number, cancellationToken: Token);
            await handle.WaitAsync(TimeSpan.FromSeconds(60), Token);
        }

        var failing = await conductor.InvokeAsync(_failingTask, 1, cancellationToken: Token);
        await Assert.ThrowsAsync<ConductorException>(() => failing.WaitAsync(TimeSpan.FromSeconds(60), Token));

        // No waiting: whoever sees the outcome may rely on the scope being gone.
        Assert.Equal(21, ledger.Made.Count);
        Assert.Equal(ledger.Made.Order(), ledger.Disposed.Order());
        Assert.Equal(21, ledger.HandlersDisposed);
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task Two_hosts_share_the_work()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var bothRun = new Barrier(2);
        var ran = new int[2];
        Action<PgConductorBuilder> Build(int number) => builder => builder
            .ConfigureOrchestrator(options => options with { Worker = new WorkerOptions { Concurrency = 1, MaxPrefetch = 0 } })
            .AddTask(_delegateTask, (payload, _) =>
            {
                Interlocked.Increment(ref ran[number]);

                // Passes only when the other host runs one at the same time.
                return Task.FromResult(bothRun.SignalAndWait(TimeSpan.FromSeconds(30), Token) ? "together" : "alone");
            });
        using var first = await TestHost.StartAsync(database, Build(0));
        using var second = await TestHost.StartAsync(database, Build(1));
        var conductor = first.Services.GetRequiredService<IConductor>();

        Assert.Equal(2, (await conductor.ListOrchestratorsAsync(Token)).Count);
        var ids = await conductor.InvokeManyAsync(_delegateTask, Enumerable.Range(0, 10), cancellationToken: Token);
        foreach (var id in ids)
        {
            Assert.Equal("together", await conductor.GetHandle<string>(id).WaitAsync(TimeSpan.FromSeconds(60), Token));
        }

        Assert.Equal([5, 5], ran);
        await first.StopAsync(Token);
        await second.StopAsync(Token);
    }

    [Fact]
    public async Task A_client_only_host_enqueues_and_runs_nothing()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var host = await TestHost.StartAsync(database, builder => builder.ClientOnly().AddTask(_delegateTask, (_, _) => Task.FromResult("never")));
        var conductor = host.Services.GetRequiredService<IConductor>();

        var handle = await conductor.InvokeAsync(_delegateTask, 1, cancellationToken: Token);

        Assert.Empty(await conductor.ListOrchestratorsAsync(Token));
        Assert.Equal(ExecutionState.Ready, (await handle.GetAsync(Token))!.State);
        Assert.Contains("client only", Assert.Throws<InvalidOperationException>(() => host.Services.GetRequiredService<Orchestrator>()).Message, StringComparison.Ordinal);
        await host.StopAsync(Token);
    }

    private sealed class Ledger
    {
        private int _handlersDisposed;

        public List<Guid> Made { get; } = [];

        public List<Guid> Disposed { get; } = [];

        public int HandlersDisposed => _handlersDisposed;

        public void HandlerDisposed() => Interlocked.Increment(ref _handlersDisposed);
    }

    private sealed class Part : IAsyncDisposable
    {
        private readonly Ledger _ledger;
        private readonly Guid _id = Guid.NewGuid();

        public Part(Ledger ledger)
        {
            _ledger = ledger;
            lock (ledger)
            {
                ledger.Made.Add(_id);
            }
        }

        public async ValueTask DisposeAsync()
        {
            // Really asynchronous: a scope that is not awaited would be seen.
            await Task.Yield();
            lock (_ledger)
            {
                _ledger.Disposed.Add(_id);
            }
        }
    }

    private sealed class Handler(Part part, Ledger ledger) : ITaskHandler<int, string>, IDisposable
    {
        public async Task<string> RunAsync(int payload, TaskContext context)
        {
            await Task.Yield();

            // The same scope serves the handler's constructor and the context.
            return ReferenceEquals(part, context.Services.GetRequiredService<Part>()) ? $"class {payload}" : "another scope";
        }

        public void Dispose() => ledger.HandlerDisposed();
    }

    private sealed class FailingHandler(Part part, Ledger ledger) : ITaskHandler<int>, IDisposable
    {
        public Task RunAsync(int payload, TaskContext context) => throw new InvalidOperationException($"refused {part}");

        public void Dispose() => ledger.HandlerDisposed();
    }
}
