using System.Collections.Concurrent;
using PgConductor.Client;
using PgConductor.Database;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Engine;

/// <summary>Executions that the process that enqueues them starts itself, on a real server.</summary>
public sealed class DirectStartTests
{
    private static readonly TaskDefinition<int, int> _job = TaskDefinition.Create<int, int>("job", new TaskOptions { Backoff = [TimeSpan.Zero], BackoffJitter = 0 });

    [Fact]
    public async Task They_start_though_nothing_is_ever_claimed()
    {
        var looks = 0;
        await using var engine = await TestEngine.CreateFaultyAsync(inner => FaultyDatabase.Wrap(inner, faulty => faulty.On<Claim>("ClaimAsync", (_, _) =>
        {
            Interlocked.Increment(ref looks);
            return Task.FromResult(Claim.Empty);
        })));
        await engine.StartAsync(new TaskCollection().Add(_job, (number, context) => Task.FromResult(number + context.Attempt)));
        await Eventually.IsTrue(() => Volatile.Read(ref looks) > 2, "it has looked and found nothing");

        for (var number = 0; number < 20; number++)
        {
            var handle = await engine.Conductor.InvokeAsync(_job, number, cancellationToken: TestEngine.Token);

            Assert.Equal(number + 1, await handle.WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        }

        Assert.Equal(20, await engine.CountAsync("completed_executions", "attempts = 1"));
    }

    [Fact]
    public async Task They_are_retried_have_steps_and_wait_like_any()
    {
        await using var engine = await TestEngine.CreateAsync();
        var steps = new ConcurrentBag<string>();
        await engine.StartAsync(new TaskCollection().Add(_job, async (number, context) =>
        {
            await context.StepAsync("once", () =>
            {
                steps.Add($"{number}");
                return Task.FromResult(1);
            });
            await context.SleepAsync("a while", TimeSpan.FromMilliseconds(50));
            return context.Attempt == 1 ? throw new InvalidOperationException("not yet") : number;
        }));

        var handles = new List<ExecutionHandle<int>>();
        for (var number = 0; number < 10; number++)
        {
            handles.Add(await engine.Conductor.InvokeAsync(_job, number, cancellationToken: TestEngine.Token));
        }

        for (var number = 0; number < 10; number++)
        {
            Assert.Equal(number, await handles[number].WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        }

        Assert.Equal(10, steps.Distinct().Count());
        Assert.Equal(10, steps.Count);
        Assert.Equal(10, await engine.CountAsync("completed_executions", "attempts = 2"));
    }

    [Fact]
    public async Task One_whose_reply_was_lost_is_put_back_and_runs_once()
    {
        var lost = 0;
        await using var engine = await TestEngine.CreateFaultyAsync(
            inner => FaultyDatabase.Wrap(inner, faulty => faulty.On<Claim>("InvokeAndClaimAsync", async (_, call) =>
            {
                var claim = await call();
                return claim.LeaseId is not null && Interlocked.Increment(ref lost) == 1
                    ? throw new ConductorException(ConductorErrorCode.Unavailable, "The reply is lost.", isTransient: true)
                    : claim;
            })),
            options => options with { StatementTimeout = TimeSpan.FromSeconds(2) });
        var ran = new ConcurrentBag<int>();
        await engine.StartAsync(
            new TaskCollection().Add(_job, (number, _) =>
            {
                ran.Add(number);
                return Task.FromResult(number);
            }),
            options => options with { Heartbeat = TimeSpan.FromMilliseconds(200) });

        // Until one was enqueued while the worker had nothing to do.
        var dispositions = new List<InvokeDisposition>();
        await Eventually.IsTrue(
            async () =>
            {
                dispositions.Add((await engine.Conductor.InvokeAsync(_job, dispositions.Count, cancellationToken: TestEngine.Token)).Disposition);
                return Volatile.Read(ref lost) > 0;
            },
            "one is claimed with its invoke");

        await engine.IsDoneAsync();
        Assert.Equal(Enumerable.Range(0, dispositions.Count), ran.Order());
        Assert.Equal(1, dispositions.Count(disposition => disposition == InvokeDisposition.Existing));
        Assert.Equal(dispositions.Count, await engine.CountAsync("completed_executions", "attempts = 1"));
    }

    [Fact]
    public async Task A_pool_that_a_program_has_exhausted_does_not_hold_them_up()
    {
        var direct = 0;
        await using var engine = await TestEngine.CreateFaultyAsync(
            inner => FaultyDatabase.Wrap(inner, faulty => faulty.On<Claim>("InvokeAndClaimAsync", async (_, call) =>
            {
                var claim = await call();
                Interlocked.Add(ref direct, claim.LeaseId is null ? 0 : 1);
                return claim;
            })),
            change => change with { ConnectionString = $"{change.ConnectionString};Maximum Pool Size=1" });

        // No hints, so the worker rests from its first look that finds nothing on, as long as it is given nothing to claim.
        var ran = new ConcurrentBag<int>();
        await engine.StartAsync(
            new TaskCollection().Add(_job, (number, _) =>
            {
                ran.Add(number);
                return Task.FromResult(number);
            }),
            options => options with { Listen = false });
        await Eventually.IsTrue(
            async () =>
            {
                await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: TestEngine.Token);
                return Volatile.Read(ref direct) > 0;
            },
            "one is claimed with its invoke");
        await engine.IsDoneAsync();

        // The pool's only connection waits for a lock until the end.
        await using var holder = await engine.Database.DataSource.OpenConnectionAsync(TestEngine.Token);
        await using var transaction = await holder.BeginTransactionAsync(TestEngine.Token);
        await using (var command = new Npgsql.NpgsqlCommand("lock table pgconductor.failed_executions in access exclusive mode", holder, transaction))
        {
            await command.ExecuteNonQueryAsync(TestEngine.Token);
        }

        var stuck = engine.Conductor.CountAsync(cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(async () => await engine.Database.ScalarAsync<long>("select count(*) from pg_locks where not granted") > 0, "a call holds the pool");
        await engine.Conductor.InvokeAsync(_job, 2, cancellationToken: TestEngine.Token).WaitAsync(TimeSpan.FromSeconds(10), TestEngine.Token);
        await Eventually.IsTrue(() => ran.Contains(2), "it runs; its outcome waits for the lock");

        Assert.Equal(2, direct);
        Assert.False(stuck.IsCompleted);
        await transaction.RollbackAsync(TestEngine.Token);
        await stuck;
    }

    [Fact]
    public async Task A_stop_beside_a_stream_of_them_loses_none_and_runs_none_twice()
    {
        var direct = 0;
        await using var engine = await TestEngine.CreateFaultyAsync(inner => FaultyDatabase.Wrap(inner, faulty => faulty.On<Claim>("InvokeAndClaimAsync", async (_, call) =>
        {
            var claim = await call();
            Interlocked.Add(ref direct, claim.LeaseId is null ? 0 : 1);
            return claim;
        })));
        var ran = new ConcurrentBag<int>();
        TaskCollection Tasks() => new TaskCollection().Add(_job, (number, _) =>
        {
            ran.Add(number);
            return Task.FromResult(number);
        });
        var count = 0;
        for (var round = 0; round < 5; round++)
        {
            var orchestrator = await engine.StartAsync(Tasks());
            var before = count;
            using var stop = new CancellationTokenSource();
            var invoking = Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    await engine.Conductor.InvokeAsync(_job, count++, cancellationToken: TestEngine.Token);
                }
            }, TestEngine.Token);
            await Eventually.IsTrue(() => ran.Count > before + 20, "it runs them");
            await orchestrator.StopAsync(TestEngine.Token);
            await stop.CancelAsync();
            await invoking;
        }

        // In a process of its own, as another would.
        await engine.New(Tasks(), conductor: engine.NewConductor()).DrainAsync(TestEngine.Token);

        Assert.True(direct > 0);
        Assert.Equal(Enumerable.Range(0, count), ran.Order());
        Assert.Equal(count, await engine.CountAsync("completed_executions", "attempts = 1"));
    }
}
