using PgConductor.Database;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Recovery;

/// <summary>N5 and N6: errors while outcomes are recorded, on a real server.</summary>
public sealed class FlushFaultTests
{
    private static readonly TaskDefinition<int, string> _job = TaskDefinition.Create<int, string>("job", new TaskOptions { MaxAttempts = 1 });

    /// <summary>Makes the next n statements that record an outcome fail, in the way given.</summary>
    public static TheoryData<string> Faults => ["deadlock", "lock_timeout", "terminate", "statement_timeout", "serialization", "disk_full"];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Outcomes_survive_errors_while_they_are_recorded(string fault)
    {
        await using var engine = await TestEngine.CreateAsync();
        await FailAsync(engine, fault, "completed_executions");
        var ran = 0;
        await engine.StartAsync(new TaskCollection().Add(_job, (number, _) =>
        {
            Interlocked.Increment(ref ran);
            return Task.FromResult($"result {number}");
        }));
        var ids = await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 100), cancellationToken: TestEngine.Token);

        await engine.IsDoneAsync();

        Assert.Equal(100, ran);
        Assert.Equal(100, await engine.CountAsync("completed_executions", "result is not null"));
        Assert.Equal(ids.Order(), (await engine.Conductor.ListAsync(new Client.ExecutionQuery { Limit = 1000 }, TestEngine.Token)).Select(info => info.Id).Order());

        // The worker is well.
        var handle = await engine.Conductor.InvokeAsync(_job, 7, cancellationToken: TestEngine.Token);
        Assert.Equal("result 7", await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Claims_survive_errors_without_counting_an_attempt(string fault)
    {
        await using var engine = await TestEngine.CreateAsync();
        await FailAsync(engine, fault, "leases");
        var ran = 0;
        await engine.StartAsync(new TaskCollection().Add(_job, (_, context) =>
        {
            Interlocked.Add(ref ran, context.Attempt);
            return Task.FromResult("done");
        }));
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 100), cancellationToken: TestEngine.Token);

        await engine.IsDoneAsync();

        Assert.Equal(100, ran);
        Assert.Equal(100, await engine.CountAsync("completed_executions", "attempts = 1"));
        Assert.True(await engine.Database.ScalarAsync<long>("select last_value from public.faults") > 3);
    }

    [Fact]
    public async Task Bad_outcomes_among_a_hundred_good_ones_fail_alone()
    {
        await using var engine = await TestEngine.CreateAsync();
        var tasks = new TaskCollection().Add(_job, async (number, context) =>
        {
            switch (number)
            {
                case 100:
                    return "text with \0 in it";
                case 101:
                    throw new RetryAfterException(TimeSpan.MaxValue, "after the end of time");
                case 102:
                    await context.Conductor.InvokeAsync(_job, 1, new InvokeOptions { Queue = "no such queue" });
                    return "never";
                case 103:
                    return "half a pair \ud800";
                default:
                    return $"{number}";
            }
        });
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 104), cancellationToken: TestEngine.Token);
        await engine.StartAsync(tasks);

        await engine.IsDoneAsync();

        Assert.Equal(100, await engine.CountAsync("completed_executions", "result is not null"));
        var reasons = (await engine.Conductor.ListAsync(new Client.ExecutionQuery { State = ExecutionState.Failed }, TestEngine.Token)).Select(info => info.Reason!).ToArray();
        Assert.Equal(4, reasons.Length);
        Assert.Contains(reasons, reason => reason.Contains("U+0000", StringComparison.Ordinal));
        Assert.Contains(reasons, reason => reason.Contains("zero to 10 years", StringComparison.Ordinal));
        Assert.Contains(reasons, reason => reason.Contains("no such queue", StringComparison.Ordinal));
        Assert.Contains(reasons, reason => reason.Contains("surrogate", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_outcome_that_the_database_refuses_is_a_failure_of_its_own_execution_only()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Database.ExecuteAsync("""
            alter table pgconductor.completed_executions add constraint picky check (result <> '"13"');
            alter table pgconductor.failed_executions add constraint pickier check (reason not like '%picky%');
            """);
        await engine.StartAsync(new TaskCollection().Add(_job, (number, _) => Task.FromResult($"{number}")));
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 50), cancellationToken: TestEngine.Token);

        await engine.IsDoneAsync();

        Assert.Equal(49, await engine.CountAsync("completed_executions"));
        Assert.Equal("Its outcome could not be recorded as it was.", await engine.Database.ScalarAsync<string>("select reason from pgconductor.failed_executions"));
    }

    [Fact]
    public async Task A_part_of_a_flush_that_is_recorded_is_not_sent_again_because_of_another()
    {
        // One outcome is refused, so the batch is divided; one of the halves then meets a passing error. Counted twice, the
        // worker would believe its lease to be over while a handler still runs, and never become quiet.
        var calls = 0;
        var sent = new List<(long Lease, int Position)>();
        await using var engine = await TestEngine.CreateFaultyAsync(inner => FaultyDatabase.Wrap(inner, faulty =>
            faulty.On<IReadOnlyList<Settlement>>("ReturnAsync", async (args, call) =>
            {
                var batch = (OutcomeBatch)args[1]!;
                if (Interlocked.Increment(ref calls) == 3)
                {
                    throw new ConductorException(ConductorErrorCode.Unavailable, "cut", isTransient: true);
                }

                var settlements = await call();
                sent.AddRange(batch.Outcomes.Select(outcome => (outcome.LeaseId, outcome.Position)));
                return settlements;
            })));
        await engine.Database.ExecuteAsync("alter table pgconductor.completed_executions add constraint picky check (result <> '\"13\"')");
        var slow = new TaskCompletionSource();
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 20), cancellationToken: TestEngine.Token);
        var orchestrator = await engine.StartAsync(
            new TaskCollection().Add(_job, async (number, _) =>
            {
                if (number == 19)
                {
                    await slow.Task;
                }

                return $"{number}";
            }),
            options => options with { Worker = new WorkerOptions { Concurrency = 20, FlushInterval = TimeSpan.FromMilliseconds(200) } });
        await Eventually.IsTrue(async () => await engine.CountAsync("completed_executions") == 18 && await engine.CountAsync("failed_executions") == 1, "all but the slow one are recorded");

        slow.SetResult();

        await engine.IsDoneAsync();

        // One that is not quiet gives up only after ten seconds. What was sent is looked at when nobody writes it any more.
        await orchestrator.StopAsync(TestEngine.Token).WaitAsync(TimeSpan.FromSeconds(9), TestEngine.Token);
        Assert.Equal(sent.Distinct(), sent);
    }

    [Fact]
    public async Task Results_that_are_too_much_for_one_message_are_sent_in_parts()
    {
        var largest = 0L;
        await using var engine = await TestEngine.CreateFaultyAsync(inner => FaultyDatabase.Wrap(inner, faulty =>
            faulty.On<IReadOnlyList<Settlement>>("ReturnAsync", (args, call) =>
            {
                var bytes = ((OutcomeBatch)args[1]!).Outcomes.Sum(outcome => outcome.Result?.LongLength ?? 0);
                largest = Math.Max(largest, bytes);
                return call();
            })));
        var text = new string('x', 4_000_000);
        await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 12), cancellationToken: TestEngine.Token);
        await engine.StartAsync(
            new TaskCollection().Add(_job, (_, _) => Task.FromResult(text)),
            options => options with { Worker = new WorkerOptions { Concurrency = 20, FlushInterval = TimeSpan.FromSeconds(1) } });

        await engine.IsDoneAsync();

        Assert.Equal(12, await engine.CountAsync("completed_executions", "length(result::text) = 4000002"));
        Assert.InRange(largest, 1, 16 * 1024 * 1024);
    }

    /// <summary>The first three statements that insert into a table fail.</summary>
    private static Task<int> FailAsync(TestEngine engine, string fault, string table) => engine.Database.ExecuteAsync($"""
        create sequence public.faults;
        create function public.fail() returns trigger language plpgsql as $$
        begin
            if nextval('public.faults') <= 3 then
                case '{fault}'
                    when 'deadlock' then raise exception using errcode = '40P01', message = 'deadlock detected';
                    when 'serialization' then raise exception using errcode = '40001', message = 'could not serialize';
                    when 'lock_timeout' then raise exception using errcode = '55P03', message = 'canceling statement due to lock timeout';
                    when 'statement_timeout' then raise exception using errcode = '57014', message = 'canceling statement due to statement timeout';
                    when 'disk_full' then raise exception using errcode = '53100', message = 'could not extend file';
                    else perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(5);
                end case;
            end if;
            return null;
        end $$;
        create trigger fail after insert on pgconductor.{table} for each statement execute function public.fail();
        """);
}
