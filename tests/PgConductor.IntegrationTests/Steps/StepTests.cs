using System.Collections.Concurrent;
using Npgsql;
using PgConductor.IntegrationTests.Support;
using Xunit;

namespace PgConductor.IntegrationTests.Steps;

/// <summary>Steps, as a handler sees them.</summary>
public sealed class StepTests
{
    private static readonly TaskOptions _quick = new() { Backoff = [TimeSpan.Zero], MaxAttempts = 3 };
    private static readonly TaskDefinition<int, int> _task = TaskDefinition.Create<int, int>("job", _quick);

    [Fact]
    public async Task Finished_steps_do_not_run_again_after_a_failure()
    {
        await using var engine = await TestEngine.CreateAsync();
        var ran = new ConcurrentQueue<string>();
        await engine.StartAsync(new TaskCollection().Add(_task, async (payload, context) =>
        {
            var a = await context.StepAsync("a", () => Ran("a", payload + 1));
            await context.StepAsync("nothing", () => Ran("nothing", 0));
            var b = await context.StepAsync("b", () => context.Attempt < 3 ? throw new FormatException("not yet") : Ran("b", a * 10));
            return b;
        }));

        var handle = await engine.Conductor.InvokeAsync(_task, 4, cancellationToken: TestEngine.Token);

        Assert.Equal(50, await handle.WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        Assert.Equal(["a", "nothing", "b"], ran);
        Assert.Equal(3, (await handle.GetAsync(TestEngine.Token))!.Attempts);
        Assert.Equal(0, await engine.CountAsync("steps"));

        Task<int> Ran(string name, int result)
        {
            ran.Enqueue(name);
            return Task.FromResult(result);
        }
    }

    [Fact]
    public async Task A_dead_letter_keeps_its_steps_and_a_retry_resumes()
    {
        await using var engine = await TestEngine.CreateAsync();
        var ran = 0;
        var mayEnd = false;
        await engine.StartAsync(new TaskCollection().Add(_task, async (_, context) =>
        {
            await context.StepAsync("a", () => Task.FromResult(Interlocked.Increment(ref ran)));
            return Volatile.Read(ref mayEnd) ? 7 : throw new NonRetryableException("no");
        }));
        var handle = await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token);
        await engine.IsAsync(handle.Id, ExecutionState.Failed);
        var step = Assert.Single(await engine.Conductor.GetStepsAsync(handle.Id, TestEngine.Token));
        Assert.Equal(("a", "step", StepState.Done, 1), (step.Name, step.Kind, step.State, step.Result!.Value.GetInt32()));

        Volatile.Write(ref mayEnd, true);
        await engine.Conductor.RetryAsync(handle.Id, TestEngine.Token);

        Assert.Equal(7, await handle.WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        Assert.Equal(1, ran);
    }

    [Fact]
    public async Task Now_ids_and_random_numbers_are_the_same_in_every_run()
    {
        await using var engine = await TestEngine.CreateAsync();
        var seen = new ConcurrentQueue<string>();
        await engine.StartAsync(new TaskCollection().Add(_task, async (_, context) =>
        {
            var before = context.Now;
            await context.StepAsync("a", () => Task.CompletedTask);
            var after = context.Now;
            seen.Enqueue($"{before:O} {after:O} {context.NewGuid()} {context.NewGuid()} {context.Random.Next()} {context.Random.NextDouble()}");
            Assert.True(after >= before);
            return context.Attempt < 3 ? throw new FormatException("again") : 1;
        }));

        await (await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token)).WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token);

        Assert.Equal(3, seen.Count);
        Assert.Single(seen.Distinct());
        Assert.Equal(2, seen.First().Split(' ')[2..4].Distinct().Count());
    }

    [Fact]
    public async Task Parallel_steps_of_many_executions_share_their_writes()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(new TaskCollection().Add(_task, async (payload, context) =>
            (await Task.WhenAll(Enumerable.Range(0, 20).Select(i => context.StepAsync($"s{i}", async () =>
            {
                await Task.Yield();
                return i * payload;
            })))).Sum()));

        var handles = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => engine.Conductor.InvokeAsync(_task, n, cancellationToken: TestEngine.Token)));

        for (var n = 0; n < handles.Length; n++)
        {
            Assert.Equal(190 * n, await handles[n].WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        }
    }

    [Fact]
    public async Task One_bad_result_fails_its_own_execution_and_no_other()
    {
        await using var engine = await TestEngine.CreateAsync();
        var text = TaskDefinition.Create<int, string>("text", new TaskOptions { MaxAttempts = 1 });
        await engine.StartAsync(new TaskCollection().Add(text, async (payload, context) =>
            await context.StepAsync("a", async () =>
            {
                await Task.Yield();
                return payload == 7 ? "nul \0" : $"{payload}";
            })));

        var ids = await engine.Conductor.InvokeManyAsync(text, Enumerable.Range(0, 20), cancellationToken: TestEngine.Token);

        await engine.IsDoneAsync();
        Assert.Equal(19, await engine.CountAsync("completed_executions"));
        Assert.Contains("step \"a\"", (await engine.Conductor.GetAsync(ids[7], TestEngine.Token))!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_used_twice_and_a_changed_kind_are_clear_errors()
    {
        await using var engine = await TestEngine.CreateAsync();
        var errors = new ConcurrentQueue<string>();
        await engine.StartAsync(new TaskCollection().Add(_task, async (_, context) =>
        {
            await context.StepAsync("a", () => Task.CompletedTask);
            errors.Enqueue((await Assert.ThrowsAsync<ConductorException>(() => context.StepAsync("a", () => Task.CompletedTask))).Message);
            if (context.Attempt == 1)
            {
                await context.StepAsync("b", () => Task.CompletedTask);
                throw new FormatException();
            }

            var changed = await Assert.ThrowsAsync<ConductorException>(() => context.SleepAsync("b", TimeSpan.FromSeconds(1)));
            Assert.Equal(ConductorErrorCode.StepConflict, changed.Code);
            errors.Enqueue(changed.Message);
            return 1;
        }));

        await (await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token)).WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token);

        Assert.Contains("\"a\" is asked for twice", errors.First(), StringComparison.Ordinal);
        Assert.Contains("\"b\" is stored as a step and is now asked for as a sleep", errors.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task New_steps_may_come_and_old_ones_go_while_executions_run()
    {
        await using var engine = await TestEngine.CreateAsync();
        var ran = new ConcurrentQueue<string>();
        await engine.StartAsync(new TaskCollection().Add(_task, async (_, context) =>
        {
            // The second attempt is the new version of the code: without "old", with "new" before and after "kept".
            if (context.Attempt == 1)
            {
                await StepAsync("old");
            }
            else
            {
                await StepAsync("new");
            }

            await StepAsync("kept");
            if (context.Attempt == 1)
            {
                throw new FormatException();
            }

            await StepAsync("last");
            return 1;

            Task StepAsync(string name) => context.StepAsync(name, () =>
            {
                ran.Enqueue(name);
                return Task.CompletedTask;
            });
        }));

        await (await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token)).WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token);

        Assert.Equal(["old", "kept", "new", "last"], ran);
    }

    [Fact]
    public async Task A_step_in_a_transaction_writes_exactly_once()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Database.ExecuteAsync("create table public.accounts (id int primary key, balance int); insert into public.accounts values (1, 0)");
        await engine.StartAsync(new TaskCollection().Add(_task, async (payload, context) =>
        {
            var balance = await context.TransactionStepAsync("pay", async transaction =>
            {
                await using var command = new NpgsqlCommand($"update public.accounts set balance = balance + {payload} where id = 1 returning balance", transaction.Connection, transaction);
                var written = (int)(await command.ExecuteScalarAsync())!;
                return context.Attempt == 1 ? throw new FormatException("after the write, before the commit") : written;
            });
            return context.Attempt == 2 ? throw new FormatException("after the commit") : balance;
        }));

        var handle = await engine.Conductor.InvokeAsync(_task, 5, cancellationToken: TestEngine.Token);

        Assert.Equal(5, await handle.WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token));
        Assert.Equal(5, await engine.Database.ScalarAsync<int>("select balance from public.accounts"));
    }

    [Fact]
    public async Task Steps_too_many_to_come_with_the_claim_are_loaded()
    {
        await using var engine = await TestEngine.CreateAsync();
        var ran = 0;
        await engine.StartAsync(new TaskCollection().Add(_task, async (_, context) =>
        {
            var sum = 0;
            for (var i = 0; i < 6; i++)
            {
                sum += (await context.StepAsync($"s{i}", () =>
                {
                    Interlocked.Increment(ref ran);
                    return Task.FromResult(new string('x', 900_000));
                })).Length;
            }

            return context.Attempt == 1 ? throw new FormatException("again") : sum;
        }));

        var handle = await engine.Conductor.InvokeAsync(_task, 1, cancellationToken: TestEngine.Token);

        Assert.Equal(5_400_000, await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        Assert.Equal(6, ran);
    }
}
