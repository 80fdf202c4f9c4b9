using System.Data;
using Npgsql;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Engine;

/// <summary>A transaction that somebody left open keeps deleted rows from being cleaned up; work goes on as if it were not there.</summary>
[Collection(Timed.Name)]
public sealed class HeldHorizonTests : IAsyncDisposable
{
    private const int Dead = 100_000;
    private const int Singles = 100;

    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job", new TaskOptions { KeepCompleted = Retention.None });
    private static readonly TaskCollection _tasks = new TaskCollection().Add(_job, (_, _) => Task.CompletedTask);

    private TestEngine? _engine;
    private NpgsqlConnection? _holder;

    private TestEngine Engine => _engine!;

    public async ValueTask DisposeAsync()
    {
        if (_holder is not null)
        {
            await _holder.DisposeAsync();
        }

        if (_engine is not null)
        {
            await _engine.DisposeAsync();
        }
    }

    [Fact]
    public async Task An_execution_that_comes_alone_is_found_without_walking_over_what_is_gone()
    {
        await LeaveDeadRowsAsync();
        var before = await EntriesReadAsync();

        var conductor = Engine.NewConductor();
        await using (conductor)
        {
            var orchestrator = await Engine.StartAsync(_tasks, conductor: conductor);
            for (var i = 0; i < Singles; i++)
            {
                var handle = await conductor.InvokeAsync(_job, i, cancellationToken: TestEngine.Token);
                await GoneAsync(handle.Id);
            }

            await orchestrator.DisposeAsync();
        }

        // What a connection counted is known when it has ended. Each empty claim walked over all of them once.
        await Eventually.IsTrue(async () => await EntriesReadAsync() > before + Dead, "the first claim's walk is counted");
        var read = await EntriesReadAsync() - before;
        Assert.True(read < Singles * Dead / 5L, $"{read} index entries for {Singles} executions beside {Dead} that are gone");
    }

    [Fact]
    public async Task What_comes_late_or_with_a_priority_of_its_own_is_found_too()
    {
        await LeaveDeadRowsAsync();
        await Engine.StartAsync(_tasks);
        var first = await Engine.Conductor.InvokeAsync(_job, 0, cancellationToken: TestEngine.Token);
        await GoneAsync(first.Id);

        var past = await Engine.Conductor.InvokeAsync(_job, 1, new InvokeOptions { RunAt = DateTimeOffset.UtcNow.AddHours(-1) }, cancellationToken: TestEngine.Token);
        var urgent = await Engine.Conductor.InvokeAsync(_job, 2, new InvokeOptions { Priority = 7 }, cancellationToken: TestEngine.Token);
        await GoneAsync(urgent.Id);
        await GoneAsync(past.Id);

        // Enqueued a while before it is committed, and what came later is done by then.
        await using var connection = await Engine.Database.DataSource.OpenConnectionAsync(TestEngine.Token);
        await using var transaction = await connection.BeginTransactionAsync(TestEngine.Token);
        var late = await Engine.Conductor.InvokeAsync(_job, 3, transaction: transaction, cancellationToken: TestEngine.Token);
        for (var i = 0; i < 10; i++)
        {
            var other = await Engine.Conductor.InvokeAsync(_job, 4 + i, cancellationToken: TestEngine.Token);
            await GoneAsync(other.Id);
        }

        await transaction.CommitAsync(TestEngine.Token);
        await GoneAsync(late.Id);
    }

    private Task GoneAsync(Guid id) =>
        Eventually.IsTrue(async () => await Engine.Conductor.GetAsync(id, TestEngine.Token) is null, $"{id} has run", 60);

    /// <summary>Runs many while a transaction is open, which stays open.</summary>
    private async Task LeaveDeadRowsAsync()
    {
        _engine = await TestEngine.CreateAsync();
        _holder = await Engine.Database.DataSource.OpenConnectionAsync(TestEngine.Token);
        await _holder.BeginTransactionAsync(IsolationLevel.RepeatableRead, TestEngine.Token);
        await using (var command = new NpgsqlCommand("select count(*) from pgconductor.queues", _holder))
        {
            await command.ExecuteScalarAsync(TestEngine.Token);
        }

        await Engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, Dead), cancellationToken: TestEngine.Token);
        var conductor = Engine.NewConductor();
        await using (conductor)
        {
            var orchestrator = Engine.New(_tasks, conductor: conductor);
            await orchestrator.DrainAsync(TestEngine.Token);
            await orchestrator.DisposeAsync();
        }
    }

    private Task<long> EntriesReadAsync() => Engine.Database.ScalarAsync<long>(
        "select coalesce(sum(idx_tup_read), 0)::bigint from pg_stat_user_indexes where relname like 'executions%'")!;
}
