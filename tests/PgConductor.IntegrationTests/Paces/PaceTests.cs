using System.Collections.Concurrent;
using System.Text.Json;
using PgConductor.Client;
using PgConductor.IntegrationTests.Support;
using Xunit;

namespace PgConductor.IntegrationTests.Paces;

/// <summary>Throttled and debounced invokes from several processes, in transactions, in batches, and run to their end.</summary>
public sealed class PaceTests
{
    private static readonly TaskDefinition<int, string> _job = TaskDefinition.Create<int, string>("job");
    private static readonly TimeSpan _hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task Two_processes_that_invoke_one_key_at_the_same_instant_agree_on_one_execution()
    {
        await using var engine = await TestEngine.CreateAsync();
        var processes = new[] { engine.NewConductor(), engine.NewConductor() };
        foreach (var edge in new[] { PaceEdge.Leading, PaceEdge.Trailing })
        {
            var options = new InvokeOptions { Throttle = new Throttle(_hour) { Key = "key", Edge = edge } };
            var told = new ConcurrentBag<InvokeOutcome>();
            await Parallel.ForEachAsync(Enumerable.Range(0, 60), new ParallelOptions { MaxDegreeOfParallelism = 12, CancellationToken = TestEngine.Token }, async (number, token) =>
            {
                var handle = await processes[number % 2].InvokeAsync(_job, number, options, cancellationToken: token);
                told.Add(new InvokeOutcome(handle.Id, handle.Disposition));
            });

            Assert.Single(told.Select(outcome => outcome.Id).Distinct());
            Assert.Equal(1, told.Count(outcome => outcome.Disposition == InvokeDisposition.Created));
            Assert.Equal(59, told.Count(outcome => outcome.Disposition == (edge == PaceEdge.Leading ? InvokeDisposition.Dropped : InvokeDisposition.Replaced)));
        }

        Assert.Equal(2, await engine.CountAsync("executions"));
    }

    [Fact]
    public async Task The_last_of_a_burst_runs_once_and_can_be_waited_for()
    {
        await using var engine = await TestEngine.CreateAsync();
        var ran = new ConcurrentQueue<int>();
        await engine.StartAsync(new TaskCollection().Add(_job, (number, _) =>
        {
            ran.Enqueue(number);
            return Task.FromResult($"{number}");
        }));
        var options = new InvokeOptions { Debounce = new Debounce(TimeSpan.FromSeconds(1)) { Key = "key" } };
        ExecutionHandle<string>? handle = null;
        for (var number = 1; number <= 20; number++)
        {
            handle = await engine.Conductor.InvokeAsync(_job, number, options, cancellationToken: TestEngine.Token);
        }

        Assert.Equal("20", await handle!.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        var next = await engine.Conductor.InvokeAsync(_job, 21, options, cancellationToken: TestEngine.Token);
        Assert.Equal(InvokeDisposition.Created, next.Disposition);
        Assert.Equal("21", await next.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        Assert.Equal(21, ran.Last());
        Assert.DoesNotContain(1, ran);
    }

    [Fact]
    public async Task What_is_rolled_back_opened_no_window()
    {
        await using var engine = await TestEngine.CreateAsync();
        var options = new InvokeOptions { Throttle = new Throttle(_hour) };
        await using (var connection = await engine.Database.DataSource.OpenConnectionAsync(TestEngine.Token))
        await using (var transaction = await connection.BeginTransactionAsync(TestEngine.Token))
        {
            Assert.Equal(InvokeDisposition.Created, (await engine.Conductor.InvokeAsync(_job, 1, options, transaction, TestEngine.Token)).Disposition);
            Assert.Equal(InvokeDisposition.Dropped, (await engine.Conductor.InvokeAsync(_job, 2, options, transaction, TestEngine.Token)).Disposition);
            await transaction.RollbackAsync(TestEngine.Token);
        }

        Assert.Equal(InvokeDisposition.Created, (await engine.Conductor.InvokeAsync(_job, 3, options, cancellationToken: TestEngine.Token)).Disposition);
        Assert.Equal(1, await engine.CountAsync("executions"));
    }

    [Fact]
    public async Task An_open_window_drops_at_once_while_another_transaction_holds_its_row()
    {
        await using var engine = await TestEngine.CreateAsync();
        var options = new InvokeOptions { Throttle = new Throttle(_hour) };
        var first = await engine.Conductor.InvokeAsync(_job, 1, options, cancellationToken: TestEngine.Token);
        await using var connection = await engine.Database.DataSource.OpenConnectionAsync(TestEngine.Token);
        await using var transaction = await connection.BeginTransactionAsync(TestEngine.Token);
        await using (var command = connection.CreateCommand())
        {
            command.CommandText = "select from pgconductor.paces for update";
            await command.ExecuteNonQueryAsync(TestEngine.Token);
        }

        var second = await engine.Conductor.InvokeAsync(_job, 2, options, cancellationToken: TestEngine.Token).WaitAsync(TimeSpan.FromSeconds(30), TestEngine.Token);

        Assert.Equal((first.Id, InvokeDisposition.Dropped), (second.Id, second.Disposition));
    }

    [Fact]
    public async Task A_large_batch_is_decided_item_by_item()
    {
        await using var engine = await TestEngine.CreateAsync();
        var items = Enumerable.Range(0, 700).Select(number => new InvokeItem("job", JsonSerializer.SerializeToElement(number), number % 7 == 6
            ? null
            : new InvokeOptions { Debounce = new Debounce(_hour) { Key = $"{number % 7}" } })).ToArray();

        var outcomes = await engine.Conductor.InvokeManyAsync(items, cancellationToken: TestEngine.Token);

        Assert.Equal(106, outcomes.Select(outcome => outcome.Id).Distinct().Count());
        Assert.Equal((106, 594), (outcomes.Count(outcome => outcome.Disposition == InvokeDisposition.Created), outcomes.Count(outcome => outcome.Disposition == InvokeDisposition.Replaced)));
        Assert.Equal(106, await engine.CountAsync("executions"));
        Assert.Equal("693", await engine.Database.ScalarAsync<string>($"select payload::text from pgconductor.executions where id = '{outcomes[0].Id}'"));
        Assert.Equal(6, await engine.CountAsync("paces"));
    }

    [Fact]
    public async Task Batches_over_the_same_keys_in_opposite_order_all_end()
    {
        await using var engine = await TestEngine.CreateAsync();
        var keys = Enumerable.Range(0, 20).ToArray();
        InvokeItem Item(int key) => new("job", JsonSerializer.SerializeToElement(key), new InvokeOptions { Debounce = new Debounce(_hour) { Key = $"{key}" } });

        await Parallel.ForEachAsync(Enumerable.Range(0, 40), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = TestEngine.Token }, async (number, token) =>
            await engine.Conductor.InvokeManyAsync([.. (number % 2 == 0 ? keys : keys.Reverse()).Select(Item)], cancellationToken: token));

        Assert.Equal(20, await engine.CountAsync("executions"));
        Assert.Equal(0, await engine.Database.ScalarAsync<long>("select deadlocks from pg_stat_database where datname = current_database()"));
    }

    [Fact]
    public async Task One_pace_for_many_payloads_is_refused()
    {
        await using var engine = await TestEngine.CreateAsync();
        foreach (var options in new[] { new InvokeOptions { Throttle = new Throttle(_hour) }, new InvokeOptions { Debounce = new Debounce(_hour) } })
        {
            var error = await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.InvokeManyAsync(_job, [1, 2], options, cancellationToken: TestEngine.Token));
            Assert.Equal(ConductorErrorCode.InvalidArgument, error.Code);
        }
    }
}
