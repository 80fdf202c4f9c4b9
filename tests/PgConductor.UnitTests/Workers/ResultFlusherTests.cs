using System.Text;
using PgConductor.Database;
using PgConductor.TestSupport.InMemory;
using PgConductor.Workers;
using Xunit;

namespace PgConductor.UnitTests.Workers;

/// <summary>When outcomes are sent, and that each arrives once whatever goes wrong on the way.</summary>
public sealed class ResultFlusherTests : IAsyncLifetime
{
    private static readonly TaskDefinition<int, int> _kept = TaskDefinition.Create<int, int>("kept");
    private static readonly TaskDefinition<int, NoResult> _plain = TaskDefinition.Create<int>("plain", new TaskOptions { KeepCompleted = Retention.None });
    private static readonly byte[] _unstorable = Encoding.UTF8.GetBytes("\"\\u0000\"");

    private readonly TestClock _clock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly List<Lease> _over = [];
    private readonly List<Lease> _lost = [];
    private readonly WorkerHarness _harness;
    private Task _running = Task.CompletedTask;

    public ResultFlusherTests() => _harness = new WorkerHarness(_clock).Add(_kept, (number, _) => Task.FromResult(number)).Add(_plain, (_, _) => Task.CompletedTask);

    private int Flushes => _harness.Database.Faults.Calls(nameof(IDatabaseClient.ReturnAsync));

    public async ValueTask InitializeAsync() => await _harness.RegisterAsync();

    public async ValueTask DisposeAsync()
    {
        await _abandon.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(30));
        _stop.Dispose();
        _abandon.Dispose();
        await _harness.DisposeAsync();
    }

    [Fact]
    public async Task As_many_as_the_flush_size_are_sent_without_waiting()
    {
        var flusher = Start(new WorkerOptions { FlushSize = 3, FlushInterval = TimeSpan.FromSeconds(1) });
        var lease = await ClaimAsync(_kept, 10);

        Add(flusher, lease, 1, 2);
        await SettledAsync(flusher, lease, 2);
        Assert.Equal(0, Flushes);
        Add(flusher, lease, 3);

        await _harness.UntilAsync(() => flusher.Unsent == 0, "three are sent");
        Assert.Equal((1, 3), (Flushes, await _harness.CountAsync(ExecutionState.Completed)));
    }

    [Fact]
    public async Task Fewer_are_sent_after_the_interval()
    {
        var flusher = Start(new WorkerOptions { FlushInterval = TimeSpan.FromSeconds(1) });
        var lease = await ClaimAsync(_kept, 10);
        Add(flusher, lease, 7);
        await SettledAsync(flusher, lease, 1);

        _clock.Advance(TimeSpan.FromSeconds(0.999));
        Assert.Equal(0, Flushes);
        await AdvanceUntilAsync(() => flusher.Unsent == 0);
        Assert.Equal(ExecutionState.Completed, (await _harness.GetAsync(lease.Executions[6].ExecutionId)).State);
    }

    [Fact]
    public async Task A_whole_lease_is_sent_at_once_and_is_over()
    {
        var flusher = Start(new WorkerOptions { FlushInterval = TimeSpan.FromSeconds(1) });
        var lease = await ClaimAsync(_plain, 3);

        Add(flusher, lease, 1, 2, 3);

        await _harness.UntilAsync(() => _over.Contains(lease) && flusher.Unsent == 0, "the lease is over");
        Assert.Equal((1, 0), (Flushes, _harness.Database.Shared.Tables.Leases.Count));
    }

    [Fact]
    public async Task A_lease_in_parts_is_over_with_its_last_part()
    {
        var flusher = Start(new WorkerOptions { FlushSize = 1, FlushInterval = TimeSpan.FromSeconds(1) });
        var lease = await ClaimAsync(_kept, 3);
        for (var position = 1; position <= 3; position++)
        {
            Assert.Empty(_over);
            Add(flusher, lease, position);
            await _harness.UntilAsync(() => flusher.Unsent == 0, $"position {position} is sent");
        }

        Assert.Equal(lease, Assert.Single(_over));
        Assert.Empty(_lost);
    }

    [Fact]
    public async Task One_outcome_that_is_refused_is_found_and_the_others_are_recorded()
    {
        var flusher = Start(new WorkerOptions { FlushInterval = TimeSpan.FromSeconds(1) });
        var whole = await ClaimAsync(_plain, 4);
        var lease = await ClaimAsync(_kept, 9);
        var block = _harness.Database.Faults.Block(nameof(IDatabaseClient.ReturnAsync));
        Add(flusher, await ClaimAsync(_plain, 1), 1);
        await block.Entered;
        Add(flusher, whole, 1, 2, 3, 4);
        Add(flusher, lease, 1, 2, 3, 4, 6, 7, 8, 9);
        flusher.Add(lease.Executions[4], new Outcome(lease.Id, 5, OutcomeKind.Completed, _unstorable));
        block.Dispose();

        await _harness.UntilAsync(() => flusher.Unsent == 0, "all are sent");

        Assert.Equal((8, 1, 0), (await _harness.CountAsync(ExecutionState.Completed), await _harness.CountAsync(ExecutionState.Failed), _harness.Database.Shared.Tables.Leases.Count));
        Assert.Contains("(Completed) could not be recorded", (await _harness.GetAsync(lease.Executions[4].ExecutionId)).Reason, StringComparison.Ordinal);
        Assert.Equal(3, _over.Count);
        Assert.Empty(_lost);
        Assert.True(_harness.Log.Has(1204));
    }

    [Fact]
    public async Task A_failure_whose_description_is_refused_is_recorded_without_it()
    {
        var flusher = Start(new WorkerOptions { FlushSize = 1 });
        var lease = await ClaimAsync(_kept, 1);
        _harness.Database.Faults.FailNext(nameof(IDatabaseClient.ReturnAsync), ServerErrors.Of("22021"), times: 3);

        Add(flusher, lease, 1);

        await _harness.UntilAsync(() => flusher.Unsent == 0, "it is sent");
        Assert.Equal("Its outcome could not be recorded as it was.", (await _harness.GetAsync(lease.Executions[0].ExecutionId)).Reason);
    }

    [Fact]
    public async Task What_cannot_be_recorded_at_all_does_not_hold_up_the_others()
    {
        var flusher = Start(new WorkerOptions { FlushInterval = TimeSpan.FromSeconds(1) });
        var lease = await ClaimAsync(_plain, 2);
        _harness.Database.Faults.FailNext(nameof(IDatabaseClient.ReturnAsync), ServerErrors.Of("23514"), times: 8);

        Add(flusher, lease, 1, 2);
        await _harness.UntilAsync(() => flusher.Unsent == 0, "both are given up");

        // Whole lease, both positions, then each three times over: as it is, as a failure, in fewer words.
        Assert.Equal(8, Flushes);
        Assert.Equal(2, _harness.Log.Entries.Count(entry => entry.Id == 1216));
        Assert.Empty(_over);
        var other = await ClaimAsync(_kept, 1);
        Add(flusher, other, 1);
        await _harness.UntilAsync(() => _over.Contains(other), "the next is recorded");
    }

    [Fact]
    public async Task A_flush_that_fails_is_repeated_until_it_is_through()
    {
        var flusher = Start(new WorkerOptions { FlushSize = 1 });
        var lease = await ClaimAsync(_kept, 2);
        _harness.Database.Faults.FailNext(nameof(IDatabaseClient.ReturnAsync), ServerErrors.Of("57P01"), times: 5);

        Add(flusher, lease, 1, 2);
        await AdvanceUntilAsync(() => flusher.Unsent == 0);

        Assert.Equal(2, await _harness.CountAsync(ExecutionState.Completed));
        Assert.Equal(lease, Assert.Single(_over));
        Assert.Empty(_lost);
        Assert.Equal(5, _harness.Log.Entries.Count(entry => entry.Id == 1203));
    }

    [Fact]
    public async Task A_reply_that_is_lost_is_no_lost_lease()
    {
        var flusher = Start(new WorkerOptions { FlushSize = 1 });
        var lease = await ClaimAsync(_kept, 3);
        _harness.Database.Faults.FailNext(nameof(IDatabaseClient.ReturnAsync), ServerErrors.Of("08006"), afterwards: true);

        Add(flusher, lease, 1);
        await AdvanceUntilAsync(() => flusher.Unsent == 0);
        Assert.Empty(_lost);
        Assert.Empty(_over);
        Add(flusher, lease, 2, 3);
        await _harness.UntilAsync(() => _over.Count == 1, "the lease is over");

        Assert.False(lease.IsLost);
        Assert.Equal(3, await _harness.CountAsync(ExecutionState.Completed));
    }

    [Fact]
    public async Task A_failure_between_the_halves_counts_nothing_twice()
    {
        var flusher = Start(new WorkerOptions { FlushInterval = TimeSpan.FromSeconds(1) });
        var lease = await ClaimAsync(_kept, 8);
        flusher.Add(lease.Executions[0], new Outcome(lease.Id, 1, OutcomeKind.Completed, _unstorable));
        Add(flusher, lease, 2, 3, 4, 5, 6, 7);
        await SettledAsync(flusher, lease, 7);

        // The whole is refused; one half is taken; then the server goes away and comes back.
        _harness.Database.Faults.FailNext(nameof(IDatabaseClient.ReturnAsync), ServerErrors.Of("57P01"), times: 3, after: 2);
        flusher.Hurry();
        await AdvanceUntilAsync(() => flusher.Unsent <= 0);
        await _harness.UntilAsync(() => _harness.Database.Shared.Tables.Leases[lease.Id].Left == 1, "all but one are recorded");

        Assert.Equal(0, flusher.Unsent);
        Assert.Empty(_over);
        Assert.Empty(_lost);
        Add(flusher, lease, 8);
        await _harness.UntilAsync(() => flusher.Unsent == 0 && _over.Count == 1, "the lease is over now");
        Assert.Equal((7, 1), (await _harness.CountAsync(ExecutionState.Completed), await _harness.CountAsync(ExecutionState.Failed)));
    }

    [Fact]
    public async Task A_lease_taken_over_is_lost_once_and_nothing_more_of_it_is_sent()
    {
        var flusher = Start(new WorkerOptions { FlushSize = 1 });
        var lease = await ClaimAsync(_kept, 3);
        await _harness.Database.RecoverAsync(TimeSpan.Zero, WorkerHarness.Token);

        Add(flusher, lease, 1);
        await _harness.UntilAsync(() => flusher.Unsent == 0, "it is answered");
        Assert.Equal(lease, Assert.Single(_lost));
        Assert.Equal(lease, Assert.Single(_over));
        Assert.True(lease.IsLost);

        Add(flusher, lease, 2, 3);
        Assert.Equal(0, flusher.Unsent);
        Assert.Equal(1, Flushes);
    }

    [Fact]
    public async Task Outcomes_of_a_lease_that_was_lost_meanwhile_are_dropped()
    {
        var flusher = Start(new WorkerOptions { FlushInterval = TimeSpan.FromSeconds(1) });
        var lease = await ClaimAsync(_kept, 3);
        Add(flusher, lease, 1, 2);
        lease.MarkLost();
        flusher.Hurry();

        await _harness.UntilAsync(() => flusher.Unsent == 0, "they are dropped");
        Assert.Equal(0, Flushes);
    }

    [Fact]
    public async Task Adding_never_waits_for_the_database()
    {
        var flusher = Start(new WorkerOptions { FlushSize = 10 });
        var block = _harness.Database.Faults.Block(nameof(IDatabaseClient.ReturnAsync));
        var first = await ClaimAsync(_plain, 1);
        Add(flusher, first, 1);
        await block.Entered;

        // On this thread, while a flush hangs: it returns, or the test does not.
        var lease = await ClaimAsync(_plain, 5000);
        Add(flusher, lease, [.. Enumerable.Range(1, 5000)]);
        Assert.Equal(5001, flusher.Unsent);

        block.Dispose();
        await _harness.UntilAsync(() => flusher.Unsent == 0, "all are sent");
        Assert.Equal(2, Flushes);
    }

    [Fact]
    public async Task Stopped_it_sends_what_it_has_and_ends()
    {
        var flusher = Start(new WorkerOptions { FlushInterval = TimeSpan.FromSeconds(1) });
        var lease = await ClaimAsync(_kept, 10);
        Add(flusher, lease, 1, 2);

        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(30), WorkerHarness.Token);

        Assert.Equal((0, 2), (flusher.Unsent, await _harness.CountAsync(ExecutionState.Completed)));
    }

    [Fact]
    public async Task Stopped_with_nothing_in_hand_it_ends()
    {
        Start(new WorkerOptions());
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(30), WorkerHarness.Token);
        Assert.Equal(0, Flushes);
    }

    [Fact]
    public async Task Stopped_while_the_database_is_away_it_goes_on_until_it_is_told_to_give_up()
    {
        var flusher = Start(new WorkerOptions { FlushSize = 1 });
        _harness.Database.Faults.FailNext(nameof(IDatabaseClient.ReturnAsync), ServerErrors.Of("57P03"), times: int.MaxValue);
        Add(flusher, await ClaimAsync(_kept, 1), 1);
        await _harness.UntilAsync(() => Flushes > 0, "it is tried");

        await _stop.CancelAsync();
        await AdvanceUntilAsync(() => Flushes > 3);
        Assert.False(_running.IsCompleted);
        await _abandon.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(30), WorkerHarness.Token);
        Assert.Equal(1, flusher.Unsent);
    }

    [Fact]
    public async Task Many_runners_and_a_server_that_fails_now_and_then_lose_nothing()
    {
        var flusher = Start(new WorkerOptions { FlushSize = 50 });
        var leases = new List<Lease>();
        for (var i = 0; i < 40; i++)
        {
            leases.Add(i % 2 == 0 ? await ClaimAsync(_kept, 50) : await ClaimAsync(_plain, 50));
            _harness.Database.Faults.FailNext(nameof(IDatabaseClient.ReturnAsync), ServerErrors.Of("40001"), afterwards: i % 3 == 0, after: 2);
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(runner => Task.Run(() =>
        {
            foreach (var lease in leases)
            {
                for (var position = runner + 1; position <= 50; position += 4)
                {
                    Add(flusher, lease, position);
                }
            }
        })));
        await AdvanceUntilAsync(() => flusher.Unsent == 0);

        Assert.Equal(1000, await _harness.CountAsync(ExecutionState.Completed));
        Assert.Empty(_harness.Database.Shared.Tables.Leases);
        Assert.Equal(40, _over.Distinct().Count());
        Assert.Empty(_lost);
    }

    private ResultFlusher Start(WorkerOptions options)
    {
        var flusher = new ResultFlusher(_harness.Services(options), _over.Add, _lost.Add);
        _running = Task.Run(() => flusher.RunAsync(_stop.Token, _abandon.Token));
        return flusher;
    }

    private async Task<Lease> ClaimAsync<TResult>(TaskDefinition<int, TResult> task, int count)
    {
        await _harness.InvokeAsync(task, count);
        var claim = await _harness.Database.ClaimAsync(_harness.Id, "default", count, null, WorkerHarness.Token);
        Assert.Equal(count, claim.Executions.Count);
        var lease = new Lease(claim.LeaseId!.Value, count, _clock.GetTimestamp());
        var services = _harness.Services(new WorkerOptions());
        lease.Executions = [.. claim.Executions.Select(execution => new RunningExecution(execution, lease, services))];
        return lease;
    }

    private static void Add(ResultFlusher flusher, Lease lease, params int[] positions)
    {
        foreach (var position in positions)
        {
            flusher.Add(lease.Executions[position - 1], null);
        }
    }

    /// <summary>The flusher has seen what it has and waits for the clock.</summary>
    private Task SettledAsync(ResultFlusher flusher, Lease lease, int unsent) =>
        _harness.UntilAsync(() => flusher.Unsent == unsent && lease.Progress().Unsent == unsent && _clock.ActiveTimers == 1 && _running.Status != TaskStatus.Created, "the flusher waits");

    private Task AdvanceUntilAsync(Func<bool> condition) =>
        _harness.UntilAsync(
            () =>
            {
                _clock.Advance(TimeSpan.FromMilliseconds(500));
                return condition();
            },
            "it is through");
}
