using System.Text.Json;
using PgConductor.Client;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.DatabaseClient;

/// <summary>Enqueueing together with the caller's own data.</summary>
public sealed class TransactionTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job");

    private static CancellationToken Token => TestEngine.Token;

    [Fact]
    public async Task It_exists_if_and_only_if_the_transaction_commits()
    {
        await using var engine = await TestEngine.CreateAsync();
        var ran = 0;
        await engine.StartAsync(new TaskCollection().Add(_job, (_, _) =>
        {
            Interlocked.Increment(ref ran);
            return Task.CompletedTask;
        }));
        await engine.Database.ExecuteAsync("create table public.orders (id integer)");
        foreach (var commits in new[] { false, true })
        {
            await using var connection = await engine.Database.DataSource.OpenConnectionAsync(Token);
            await using var transaction = await connection.BeginTransactionAsync(Token);
            await using (var command = new Npgsql.NpgsqlCommand("insert into public.orders values (1)", connection, transaction))
            {
                await command.ExecuteNonQueryAsync(Token);
            }

            var one = await engine.Conductor.InvokeAsync(_job, 1, transaction: transaction, cancellationToken: Token);
            await engine.Conductor.InvokeManyAsync(_job, [2, 3], transaction: transaction, cancellationToken: Token);
            await engine.Conductor.InvokeManyAsync([new InvokeItem("job", JsonSerializer.SerializeToElement(4), new InvokeOptions { DedupeKey = "k" })], transaction: transaction, cancellationToken: Token);
            Assert.Null(await engine.Conductor.GetAsync(one.Id, Token));
            await (commits ? transaction.CommitAsync(Token) : transaction.RollbackAsync(Token));
            if (!commits)
            {
                Assert.Equal(0, await engine.CountAsync("executions"));
                Assert.Equal(0, await engine.CountAsync("dedupe_keys"));
                Assert.Equal(0, ran);
            }
        }

        await Eventually.IsTrue(() => ran == 4, "all four run");
        await engine.IsDoneAsync();
        Assert.Equal(4, await engine.CountAsync("completed_executions"));
        Assert.Equal(1, await engine.Database.ScalarAsync<long>("select count(*) from public.orders"));
    }

    [Fact]
    public async Task A_transaction_scope_is_not_joined()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(new TaskCollection().Add(_job, (_, _) => Task.CompletedTask));
        using (new System.Transactions.TransactionScope(System.Transactions.TransactionScopeAsyncFlowOption.Enabled))
        {
            // One by one, so that some find the worker resting and some do not; and several that travel together.
            for (var number = 0; number < 10; number++)
            {
                var handle = await engine.Conductor.InvokeAsync(_job, number, cancellationToken: Token);
                await handle.WaitAsync(TimeSpan.FromSeconds(30), Token);
            }

            await Task.WhenAll(Enumerable.Range(10, 10).Select(number => engine.Conductor.InvokeAsync(_job, number, cancellationToken: Token)));
        }

        await engine.IsDoneAsync();
        Assert.Equal(20, await engine.CountAsync("completed_executions", "attempts = 1"));
    }

    [Fact]
    public async Task What_is_enqueued_is_due_from_the_call_on_and_seen_from_the_commit_on()
    {
        await using var engine = await TestEngine.CreateAsync();
        await using var connection = await engine.Database.DataSource.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        var handle = await engine.Conductor.InvokeAsync(_job, 1, transaction: transaction, cancellationToken: Token);
        var called = await engine.Database.ScalarAsync<DateTime>("select clock_timestamp()");
        Assert.Null(await handle.GetAsync(Token));

        await transaction.CommitAsync(Token);

        Assert.InRange((await handle.GetAsync(Token))!.RunAt!.Value.UtcDateTime, called - TimeSpan.FromMinutes(1), called);
    }

    [Fact]
    public async Task An_error_inside_it_is_not_retried_and_one_that_ended_is_named()
    {
        await using var engine = await TestEngine.CreateAsync();
        await using var connection = await engine.Database.DataSource.OpenConnectionAsync(Token);
        var transaction = await connection.BeginTransactionAsync(Token);
        var error = await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.InvokeAsync(_job, 1, new InvokeOptions { Queue = "nowhere" }, transaction, Token));
        Assert.Equal(ConductorErrorCode.UnknownQueue, error.Code);
        await transaction.RollbackAsync(Token);

        var ended = await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.InvokeAsync(_job, 1, transaction: transaction, cancellationToken: Token));
        Assert.Equal(ConductorErrorCode.InvalidArgument, ended.Code);
        await transaction.DisposeAsync();
    }
}
