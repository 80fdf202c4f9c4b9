using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Engine;

/// <summary>Handlers are made anew, in a scope of their own, for every execution.</summary>
public sealed class ScopeTests
{
    private static readonly TaskDefinition<int, string> _job = TaskDefinition.Create<int, string>("job", new TaskOptions { MaxAttempts = 1 });

    [Fact]
    public async Task Every_execution_has_a_scope_of_its_own_which_ends_with_it()
    {
        await using var engine = await TestEngine.CreateAsync();
        var record = new Record();
        await using var services = new ServiceCollection().AddSingleton(record).AddScoped<Scoped>().BuildServiceProvider(validateScopes: true);
        await engine.StartAsync(new TaskCollection().Add<Handler, int, string>(_job), services: services);

        var ids = await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 20), cancellationToken: TestEngine.Token);
        await engine.IsDoneAsync();

        Assert.Equal(20, record.Made.Count);
        await Eventually.IsTrue(() => record.Disposed.Count == 20, "every scope has ended");
        Assert.Equal(20, record.Made.Distinct().Count());
        Assert.Equal(record.Made.Order(), record.Disposed.Order());
        Assert.Equal("same scope", await engine.Conductor.GetHandle<string>(ids[0]).WaitAsync(TimeSpan.FromSeconds(5), TestEngine.Token));
        Assert.Equal(1, await engine.CountAsync("failed_executions"));
    }

    private sealed class Record
    {
        public ConcurrentQueue<Guid> Made { get; } = new();

        public ConcurrentQueue<Guid> Disposed { get; } = new();
    }

    private sealed class Scoped : IAsyncDisposable
    {
        private readonly Record _record;

        public Scoped(Record record)
        {
            _record = record;
            record.Made.Enqueue(Id);
        }

        public Guid Id { get; } = Guid.NewGuid();

        public ValueTask DisposeAsync()
        {
            _record.Disposed.Enqueue(Id);
            return default;
        }
    }

    private sealed class Handler(Scoped scoped) : ITaskHandler<int, string>
    {
        public Task<string> RunAsync(int payload, TaskContext context) => payload == 7
            ? throw new InvalidOperationException("its scope ends all the same")
            : Task.FromResult(context.Services.GetRequiredService<Scoped>().Id == scoped.Id ? "same scope" : "another scope");
    }
}
