using PgConductor.Database;
using PgConductor.TestSupport.InMemory;
using PgConductor.Workers;
using Xunit;

namespace PgConductor.UnitTests.Workers;

/// <summary>How a batch is divided: by its bytes, and by what the server refuses.</summary>
public sealed class OutcomeSenderTests : IAsyncDisposable
{
    private static readonly TaskDefinition<int, int> _task = TaskDefinition.Create<int, int>("t", new TaskOptions { KeepCompleted = Retention.None });

    private readonly WorkerHarness _harness = new WorkerHarness().Add(_task, (number, _) => Task.FromResult(number));
    private readonly List<(OutcomeBatch Batch, IReadOnlyList<Settlement> Settlements)> _taken = [];

    public ValueTask DisposeAsync() => _harness.DisposeAsync();

    [Fact]
    public async Task Results_beyond_what_one_call_may_carry_go_in_parts_in_which_each_is_once()
    {
        var lease = await ClaimAsync(5);
        var large = new byte[(OutcomeSender.MaxBytes / 2) + 1];
        large.AsSpan().Fill((byte)'1');
        Outcome[] outcomes = [.. Enumerable.Range(1, 5).Select(position => new Outcome(lease, position, OutcomeKind.Completed, position == 2 ? null : large))];

        await SendAsync([], outcomes);

        Assert.Equal(outcomes.Select(outcome => outcome.Position), _taken.SelectMany(taken => taken.Batch.Outcomes).Select(outcome => outcome.Position).Order());
        Assert.All(_taken, taken => Assert.InRange(taken.Batch.Outcomes.Sum(outcome => outcome.Result?.Length ?? 0), 0, OutcomeSender.MaxBytes));
        Assert.Equal(4, _taken.Count);
        Assert.Empty(_harness.Database.Shared.Tables.Leases);
    }

    [Fact]
    public async Task One_result_larger_than_that_goes_alone()
    {
        var lease = await ClaimAsync(1);
        var large = new byte[OutcomeSender.MaxBytes + 1];
        large.AsSpan().Fill((byte)'1');

        await SendAsync([], [new Outcome(lease, 1, OutcomeKind.Completed, large)]);

        Assert.Equal(Effect.Completed, Assert.Single(Assert.Single(_taken).Settlements).Effect);
    }

    [Fact]
    public async Task Whole_leases_that_are_refused_together_are_divided_until_they_pass()
    {
        long[] leases = [await ClaimAsync(2), await ClaimAsync(2), await ClaimAsync(2)];
        _harness.Database.Faults.FailNext(nameof(IDatabaseClient.ReturnAsync), ServerErrors.Of("23514"), times: 2);

        await SendAsync(leases, []);

        // Three refused, the first of them refused once more alone, and then position by position.
        Assert.Equal(leases.Order(), _taken.SelectMany(taken => taken.Batch.CompletedLeases.Concat(taken.Batch.Outcomes.Select(outcome => outcome.LeaseId))).Distinct().Order());
        Assert.Empty(_harness.Database.Shared.Tables.Leases);
    }

    private async Task<long> ClaimAsync(int count)
    {
        await _harness.RegisterAsync();
        await _harness.InvokeAsync(_task, count);
        return (await _harness.Database.ClaimAsync(_harness.Id, "default", count, null, WorkerHarness.Token)).LeaseId!.Value;
    }

    private Task SendAsync(IReadOnlyList<long> leases, IReadOnlyList<Outcome> outcomes) =>
        new OutcomeSender(_harness.Services(new WorkerOptions()), _ => 2, (batch, settlements, _) => _taken.Add((batch, settlements))).SendAsync(leases, outcomes, WorkerHarness.Token);
}
