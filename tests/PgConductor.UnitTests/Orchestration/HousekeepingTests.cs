using PgConductor.Database;
using PgConductor.Orchestration;
using PgConductor.TestSupport.InMemory;
using PgConductor.UnitTests.Workers;
using Xunit;

namespace PgConductor.UnitTests.Orchestration;

public sealed class HousekeepingTests : IAsyncDisposable
{
    private readonly TestClock _clock = new();
    private readonly WorkerHarness _harness;
    private readonly CancellationTokenSource _stop = new();
    private readonly DateTimeOffset _start;
    private Task _running = Task.CompletedTask;

    public HousekeepingTests()
    {
        _harness = new WorkerHarness(_clock);
        _start = _clock.GetUtcNow();
    }

    private int Calls => _harness.Database.Faults.Calls(nameof(IDatabaseClient.MaintainAsync));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(30));
        _stop.Dispose();
        await _harness.DisposeAsync();
    }

    [Fact]
    public async Task The_history_is_looked_after_at_once_and_every_ten_minutes()
    {
        Start();
        await _harness.UntilAsync(() => Calls == 1, "the first time");
        await AdvanceAsync(TimeSpan.FromMinutes(9));
        Assert.Equal(1, Calls);
        await AdvanceUntilAsync(() => Calls == 2, "the second time");
        Assert.InRange(_clock.GetUtcNow() - _start, TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30));
    }

    [Theory]
    [InlineData("the server")]
    [InlineData("a cancellation that is not ours")]
    public async Task A_failure_is_reported_and_tried_again_after_a_minute(string what)
    {
        _harness.Database.Faults.FailNext(nameof(IDatabaseClient.MaintainAsync), what == "the server" ? ServerErrors.Of("55P03") : new TaskCanceledException());
        Start();
        await _harness.UntilAsync(() => _harness.Log.Has(1109), "it is reported");
        await AdvanceUntilAsync(() => Calls == 2, "it is tried again");
        Assert.InRange(_clock.GetUtcNow() - _start, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(9));
    }

    [Fact]
    public async Task A_transaction_that_is_open_for_too_long_is_named()
    {
        _harness.Database.HeldHorizon = [new HeldHorizon(4711, TimeSpan.FromMinutes(6), "idle in transaction", "psql", "me", "select 1")];
        Start();

        await _harness.UntilAsync(() => _harness.Log.Has(1111), "it is named");
        var entry = Assert.Single(_harness.Log.Entries, candidate => candidate.Id == 1111);
        Assert.Contains("4711", entry.Text, StringComparison.Ordinal);
        Assert.Contains("psql", entry.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_of_an_event_is_told_once_however_often_the_look_fails()
    {
        var token = TestContext.Current.CancellationToken;
        await _harness.Database.RegisterSubscriptionsAsync("s", [new SubscriptionDeclaration("mail", EventSubscription.To("paid") with { Fields = ["n"] })], token);
        await _harness.Database.EmitAsync([new Emission(Guid.CreateVersion7(), "paid", "7"u8.ToArray())], null, null, token);
        _harness.Database.Faults.FailNext(nameof(IEventStore.ReportEventFailuresAsync), ServerErrors.Of("55P03"));
        Start();

        await _harness.UntilAsync(() => _harness.Log.Has(1122), "the look has failed");
        await AdvanceUntilAsync(() => _harness.Log.Has(1121), "the failure is told");
        await AdvanceAsync(TimeSpan.FromMinutes(1));
        var entry = Assert.Single(_harness.Log.Entries, candidate => candidate.Id == 1121);
        Assert.Contains("mail", entry.Text, StringComparison.Ordinal);
        Assert.Contains("no field \"n\"", entry.Text, StringComparison.Ordinal);
    }

    private void Start() => _running = Task.Run(() => new Housekeeping(_harness.Database, [], _clock, _harness.Log.CreateLogger("housekeeping")).RunAsync(_stop.Token));

    private async Task AdvanceAsync(TimeSpan time)
    {
        for (var moved = TimeSpan.Zero; moved < time; moved += TimeSpan.FromSeconds(1))
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }

    /// <summary>The loop misses ticks that come while it works, so the clock goes on until it has seen one in time.</summary>
    private Task AdvanceUntilAsync(Func<bool> condition, string what) => _harness.UntilAsync(
        () =>
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            return condition();
        },
        what);
}
