using PgConductor.Orchestration;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Engine;

/// <summary>Large batches are enqueued with COPY, beside the SQL functions: the same must come of it.</summary>
public sealed class LargeBatchTests
{
    private const int Many = 1200;

    private static readonly TaskDefinition<int, NoResult> _task = TaskDefinition.Create<int>("count");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_runs_once_in_the_order_of_the_batch()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        var seen = new List<int>();
        var tasks = new TaskCollection().Add(_task, (number, _) =>
        {
            seen.Add(number);
            return Task.CompletedTask;
        });
        var ids = await conductor.InvokeManyAsync(_task, Enumerable.Range(0, Many), cancellationToken: Token);
        await using var orchestrator = new Orchestrator(conductor, tasks, new OrchestratorOptions { Worker = new WorkerOptions { Concurrency = 1 } });

        await orchestrator.DrainAsync(Token);

        Assert.Equal(Enumerable.Range(0, Many), seen);
        Assert.Equal(Many, await database.ScalarAsync<long>("select count(*) from pgconductor.completed_executions where id = any ($1)", ids.ToArray()));
    }

    [Fact]
    public async Task A_row_is_what_a_small_batch_makes_it()
    {
        const string row = "queue, lane, task_key, priority, max_attempts, attempts, dedupe_key, payload, large_payload_bytes, run_at = $2 as later, created_at <= now() as made, errors, trace_parent";
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        await conductor.CreateQueueAsync("other", cancellationToken: Token);
        var at = new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var options = new InvokeOptions { Priority = 7, MaxAttempts = 3, Queue = "other", RunAt = at };

        var small = await conductor.InvokeManyAsync(_task, [5], options, cancellationToken: Token);
        var large = await conductor.InvokeManyAsync(_task, Enumerable.Repeat(5, Many), options, cancellationToken: Token);

        Assert.Equal(
            await database.ScalarAsync<string>($"select r::text from (select {row} from pgconductor.executions where id = $1) r", small[0], at.UtcDateTime),
            await database.ScalarAsync<string>($"select r::text from (select {row} from pgconductor.executions where id = $1) r", large[0], at.UtcDateTime));
        Assert.Equal(
            (Many - 1) / 1_000_000.0,
            await database.ScalarAsync<double>("select extract(epoch from max(run_at) - $2)::float8 from pgconductor.executions where id = any ($1)", large.ToArray(), at.UtcDateTime),
            6);
    }

    [Fact]
    public async Task It_is_part_of_the_callers_transaction()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        await using var connection = await database.DataSource.OpenConnectionAsync(Token);
        await using (var transaction = await connection.BeginTransactionAsync(Token))
        {
            await conductor.InvokeManyAsync(_task, Enumerable.Range(0, Many), transaction: transaction, cancellationToken: Token);
            Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pgconductor.executions"));
            await transaction.RollbackAsync(Token);
        }

        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pgconductor.executions"));
        await using (var transaction = await connection.BeginTransactionAsync(Token))
        {
            await conductor.InvokeManyAsync(_task, Enumerable.Range(0, Many), transaction: transaction, cancellationToken: Token);
            await transaction.CommitAsync(Token);
        }

        Assert.Equal(Many, await database.ScalarAsync<long>("select count(*) from pgconductor.executions"));
    }

    [Fact]
    public async Task One_long_payload_among_many_is_stored_apart()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        var texts = TaskDefinition.Create<string>("texts");

        var ids = await conductor.InvokeManyAsync(texts, Enumerable.Range(0, Many).Select(n => n == 700 ? new string('x', 100_000) : "short"), cancellationToken: Token);

        Assert.Equal(ids[700], await database.ScalarAsync<Guid>("select execution_id from pgconductor.payloads"));
        Assert.Equal(Many, await database.ScalarAsync<long>("select count(*) from pgconductor.executions"));
    }

    [Fact]
    public async Task An_unknown_queue_is_refused_by_name_and_nothing_is_stored()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();

        var error = await Assert.ThrowsAsync<ConductorException>(() => conductor.InvokeManyAsync(_task, Enumerable.Range(0, Many), new InvokeOptions { Queue = "nowhere" }, cancellationToken: Token));

        Assert.Equal(ConductorErrorCode.UnknownQueue, error.Code);
        Assert.Contains("\"nowhere\"", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pgconductor.executions"));
    }

    [Fact]
    public async Task A_waiting_worker_is_woken_by_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        var ran = 0;
        var tasks = new TaskCollection().Add(_task, (_, _) =>
        {
            Interlocked.Increment(ref ran);
            return Task.CompletedTask;
        });

        // Polling alone would take an hour.
        var never = TimeSpan.FromHours(1);
        await using var orchestrator = new Orchestrator(conductor, tasks, new OrchestratorOptions { Worker = new WorkerOptions { MinPollInterval = TimeSpan.FromMinutes(1), MaxPollInterval = never } });
        await orchestrator.StartAsync(Token);
        await Eventually.IsTrue(
            async () => await database.ScalarAsync<long>("select count(*) from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted and database = (select oid from pg_database where datname = current_database())") == 1,
            "the worker says that it is idle");

        await conductor.InvokeManyAsync(_task, Enumerable.Range(0, Many), cancellationToken: Token);

        await Eventually.IsTrue(() => Volatile.Read(ref ran) == Many, "all have run", 30);
    }
}
