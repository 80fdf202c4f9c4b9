using PgConductor.Database;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Recovery;

/// <summary>Replies that never arrive: the database did it, and the process does not know.</summary>
public sealed class LostReplyTests
{
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job");

    [Fact]
    public async Task Outcomes_whose_reply_was_lost_are_recorded_once()
    {
        var flushes = 0;
        await using var engine = await TestEngine.CreateFaultyAsync(inner => FaultyDatabase.Wrap(inner, faulty =>
            faulty.On<IReadOnlyList<Settlement>>("ReturnAsync", async (_, call) =>
            {
                var settlements = await call();
                return Interlocked.Increment(ref flushes) % 2 == 1 ? throw Lost() : settlements;
            })));
        var ran = 0;
        await engine.StartAsync(new TaskCollection().Add(_job, (_, _) =>
        {
            Interlocked.Increment(ref ran);
            return Task.CompletedTask;
        }));

        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 300), cancellationToken: TestEngine.Token);

        await engine.IsDoneAsync();
        Assert.Equal(300, ran);
        Assert.Equal(300, await engine.CountAsync("completed_executions", "attempts = 1"));
    }

    [Fact]
    public async Task A_claim_whose_reply_was_lost_is_put_back_without_counting_an_attempt()
    {
        var claims = 0;
        await using var engine = await TestEngine.CreateFaultyAsync(
            inner => FaultyDatabase.Wrap(inner, faulty => faulty.On<Claim>("ClaimAsync", async (_, call) =>
            {
                var claim = await call();
                return claim.LeaseId is not null && Interlocked.Increment(ref claims) == 1 ? throw Lost() : claim;
            })),
            options => options with { StatementTimeout = TimeSpan.FromMilliseconds(500) });
        await engine.StartAsync(
            new TaskCollection().Add(_job, (_, _) => Task.CompletedTask),
            options => options with { Heartbeat = TimeSpan.FromMilliseconds(200) });

        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 10), cancellationToken: TestEngine.Token);

        await engine.IsDoneAsync();
        Assert.True(claims > 1);
        Assert.Equal(10, await engine.CountAsync("completed_executions", "attempts = 1"));
    }

    [Fact]
    public async Task A_claim_whose_reply_was_lost_is_put_back_by_a_stop()
    {
        var lost = new TaskCompletionSource();
        await using var engine = await TestEngine.CreateFaultyAsync(inner => FaultyDatabase.Wrap(inner, faulty =>
            faulty.On<Claim>("ClaimAsync", async (_, call) =>
            {
                var claim = await call();
                if (claim.LeaseId is null)
                {
                    return claim;
                }

                lost.TrySetResult();
                throw Lost();
            })));
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 10), cancellationToken: TestEngine.Token);
        var orchestrator = await engine.StartAsync(new TaskCollection().Add(_job, (_, _) => Task.CompletedTask));
        await lost.Task.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token);

        await orchestrator.StopAsync(TestEngine.Token);

        Assert.Equal(10, await engine.CountAsync("executions", "attempts = 0"));
        Assert.Equal(0, await engine.CountAsync("leases"));
        Assert.Equal(0, await engine.CountAsync("orchestrators"));
    }

    [Fact]
    public async Task An_invoke_repeated_after_a_lost_reply_is_recognised_even_when_it_has_run()
    {
        var lost = 0;
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(new TaskCollection().Add(_job, (_, _) => Task.CompletedTask));
        await using var proxy = new TcpProxy(engine.Database.ConnectionString);
        var conductor = engine.NewConductor(options => options with { ConnectionString = proxy.ConnectionString });

        // The first statement waits in its commit for a lock of ours; its connection is cut meanwhile, so that the client repeats it.
        await using var holder = await engine.Database.DataSource.OpenConnectionAsync(TestEngine.Token);
        await using var transaction = await holder.BeginTransactionAsync(TestEngine.Token);
        await using (var hold = new Npgsql.NpgsqlCommand("select pg_advisory_xact_lock(4711)", holder, transaction))
        {
            await hold.ExecuteNonQueryAsync(TestEngine.Token);
        }

        await engine.Database.ExecuteAsync("""
            create function public.slow_reply() returns trigger language plpgsql as $$
            begin perform pg_advisory_xact_lock_shared(4711); return null; end $$;
            create constraint trigger slow_reply after insert on pgconductor.tasks deferrable initially deferred
                for each row execute function public.slow_reply();
            """);
        var id = Guid.CreateVersion7();
        var other = TaskDefinition.Create<int>("fresh");
        var invoking = conductor.InvokeAsync(other, 1, new InvokeOptions { Id = id }, cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(
            async () => await engine.Database.ScalarAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and query like '%pgconductor.invoke%' and state = 'active' and wait_event = 'advisory'") > 0,
            "the invoke is committing");
        proxy.Down();
        await transaction.CommitAsync(TestEngine.Token);
        await Eventually.IsTrue(async () => await engine.CountAsync("executions", $"id = '{id}'") == 1, "it is committed");
        lost++;
        proxy.Up();

        var handle = await invoking;

        Assert.Equal(1, lost);
        Assert.Equal(id, handle.Id);
        Assert.Equal(1, await engine.CountAsync("executions"));
    }

    private static ConductorException Lost() => new(ConductorErrorCode.Unavailable, "the reply was lost", isTransient: true);
}
