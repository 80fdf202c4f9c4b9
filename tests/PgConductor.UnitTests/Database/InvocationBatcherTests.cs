using PgConductor.Client;
using PgConductor.Database;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.UnitTests.Database;

public sealed class InvocationBatcherTests : IDisposable
{
    private readonly TestClock _clock = new();
    private readonly List<Call> _calls = [];
    private readonly AsyncLocal<string?> _ambient = new();
    private readonly InvocationBatcher _batcher;

    public InvocationBatcherTests() => _batcher = new InvocationBatcher(
        async (invocation, token) => (await SendAsync([invocation], token))[0],
        SendAsync,
        _clock);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _batcher.Dispose();

    [Fact]
    public async Task An_idle_one_goes_at_once_and_alone()
    {
        var first = Invoke(1);
        Assert.Equal([1], Sent(0));
        Release(0);
        Assert.Equal(Id(1), (await first).Id);

        var second = Invoke(2);
        Assert.Equal([2], Sent(1));
        Release(1);
        await second;
    }

    [Fact]
    public async Task Those_that_find_every_lane_under_way_go_together_in_order()
    {
        var alone = FillLanes();
        var together = Enumerable.Range(100, 5).Select(Invoke).ToArray();
        Assert.Equal(alone.Length, CallCount);
        Release(0);
        await alone[0];
        await CallsAsync(alone.Length + 1);
        Assert.Equal([100, 101, 102, 103, 104], Sent(alone.Length));
        ReleaseAll();

        var outcomes = await Task.WhenAll(together);
        Assert.Equal(Enumerable.Range(100, 5).Select(Id), outcomes.Select(outcome => outcome.Id));
        await Task.WhenAll(alone);
    }

    [Fact]
    public async Task A_batch_has_a_limit_and_the_rest_goes_next()
    {
        var alone = FillLanes();
        var together = Enumerable.Range(1000, InvocationBatcher.MaxBatch + 3).Select(Invoke).ToArray();
        Release(0);
        await CallsAsync(alone.Length + 1);
        Assert.Equal(InvocationBatcher.MaxBatch, Sent(alone.Length).Length);
        Release(alone.Length);
        await CallsAsync(alone.Length + 2);
        Assert.Equal(3, Sent(alone.Length + 1).Length);
        ReleaseAll();
        await Task.WhenAll(together.Concat(alone));
    }

    [Fact]
    public async Task Refused_together_each_is_sent_alone_and_has_its_own_error()
    {
        var alone = FillLanes();
        var good = Invoke(100);
        var bad = Invoke(666);
        var other = Invoke(101);
        Release(0);
        await CallsAsync(alone.Length + 1);
        Fail(alone.Length, new ConductorException(ConductorErrorCode.UnknownQueue, "of one of them"));
        for (var i = 1; i <= 3; i++)
        {
            await CallsAsync(alone.Length + 1 + i);
            var at = alone.Length + i;
            if (Sent(at) is [666])
            {
                Fail(at, new ConductorException(ConductorErrorCode.UnknownQueue, "mine"));
            }
            else
            {
                Release(at);
            }
        }

        Assert.Equal(Id(100), (await good).Id);
        Assert.Equal(Id(101), (await other).Id);
        Assert.Equal("mine", (await Assert.ThrowsAsync<ConductorException>(() => bad)).Message);
        ReleaseAll();
        await Task.WhenAll(alone);
    }

    [Fact]
    public async Task An_unreachable_server_is_everybodys_error_and_not_asked_once_each()
    {
        var alone = FillLanes();
        var together = new[] { Invoke(100), Invoke(101) };
        Release(0);
        await CallsAsync(alone.Length + 1);
        Fail(alone.Length, new ConductorException(ConductorErrorCode.Unavailable, "away", isTransient: true));
        foreach (var invoke in together)
        {
            Assert.Equal("away", (await Assert.ThrowsAsync<ConductorException>(() => invoke)).Message);
        }

        Assert.Equal(alone.Length + 1, CallCount);
        ReleaseAll();
        await Task.WhenAll(alone);
    }

    [Fact]
    public async Task Cancelled_while_it_waits_it_is_never_sent()
    {
        var alone = FillLanes();
        using var cancel = new CancellationTokenSource();
        var given = _batcher.InvokeAsync(Of(100), cancel.Token);
        var kept = Invoke(101);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        Release(0);
        await CallsAsync(alone.Length + 1);
        Assert.Equal([101], Sent(alone.Length));
        ReleaseAll();
        await kept;
        await Task.WhenAll(alone);
    }

    [Fact]
    public async Task A_lane_that_does_not_come_back_holds_up_no_other_task()
    {
        var stuck = FillLanes();
        var same = Invoke(100);
        var other = Invoke(101, "other");
        Assert.Equal(stuck.Length, CallCount);
        _clock.Advance(InvocationBatcher.StuckAfter);
        await CallsAsync(stuck.Length + 1);
        Assert.Equal([101], Sent(stuck.Length));
        Release(stuck.Length);
        await other;

        // And again, while it goes on.
        var another = Invoke(102, "other");
        await Eventually.IsTrue(
            () =>
            {
                _clock.Advance(InvocationBatcher.StuckAfter);
                return CallCount == stuck.Length + 2;
            },
            "the other task has a lane again");
        Assert.Equal([102], Sent(stuck.Length + 1));
        ReleaseAll();
        await another;
        await CallsAsync(stuck.Length + 3);
        Assert.Equal([100], Sent(stuck.Length + 2));
        ReleaseAll();
        await Task.WhenAll(stuck.Append(same));

        // The lanes opened for them are closed again.
        var again = FillLanes(from: 200);
        var next = Invoke(300, "other");
        Assert.Equal(stuck.Length + 3 + again.Length, CallCount);
        Release(stuck.Length + 3);
        await CallsAsync(stuck.Length + 4 + again.Length);
        ReleaseAll();
        await Task.WhenAll(again.Append(next));
    }

    [Fact]
    public async Task Each_task_has_its_turn_and_its_own_batch()
    {
        var alone = FillLanes();
        var a = new[] { Invoke(100, "a"), Invoke(101, "a") };
        var b = new[] { Invoke(200, "b"), Invoke(201, "b") };
        var late = Invoke(102, "a");
        Release(0);
        await CallsAsync(alone.Length + 1);
        Assert.Equal([100, 101, 102], Sent(alone.Length));
        Release(alone.Length);
        await CallsAsync(alone.Length + 2);
        Assert.Equal([200, 201], Sent(alone.Length + 1));
        ReleaseAll();
        await Task.WhenAll(alone.Concat(a).Concat(b).Append(late));
    }

    [Fact]
    public async Task A_lane_works_in_nobodys_context()
    {
        _ambient.Value = "a caller's";
        var alone = FillLanes();
        var waiting = Invoke(100);
        Release(0);
        await CallsAsync(alone.Length + 1);
        Assert.Equal("a caller's", _calls[0].Ambient);
        Assert.Null(_calls[alone.Length].Ambient);
        ReleaseAll();
        await waiting;
        await Task.WhenAll(alone);
    }

    [Fact]
    public void What_is_decided_one_by_one_does_not_fit()
    {
        var plain = Of(1);
        Assert.True(InvocationBatcher.Fits(plain));
        Assert.False(InvocationBatcher.Fits(plain with { DedupeKey = "k" }));
        Assert.False(InvocationBatcher.Fits(plain with { RunAt = DateTimeOffset.UnixEpoch }));
        Assert.False(InvocationBatcher.Fits(plain with { MayBeKnown = true }));
        Assert.False(InvocationBatcher.Fits(plain with { Payload = new byte[5000] }));
    }

    private static Guid Id(int n) => new(n, 0, 0, new byte[8]);

    private static Invocation Of(int n, string task = "t") => new(Id(n), task, [], null, null, 0, null, null, null);

    private Task<InvokeOutcome>[] FillLanes(int from = 0) => [.. Enumerable.Range(from, InvocationBatcher.Lanes).Select(Invoke)];

    private Task<InvokeOutcome> Invoke(int n) => Invoke(n, "t");

    private Task<InvokeOutcome> Invoke(int n, string task) => _batcher.InvokeAsync(Of(n, task), Token);

    private async Task<IReadOnlyList<InvokeOutcome>> SendAsync(IReadOnlyList<Invocation> invocations, CancellationToken cancellationToken)
    {
        var call = new Call([.. invocations.Select(invocation => BitConverter.ToInt32(invocation.Id.ToByteArray()))], _ambient.Value);
        lock (_calls)
        {
            _calls.Add(call);
        }

        await call.Gate.Task;
        return [.. invocations.Select(invocation => new InvokeOutcome(invocation.Id, InvokeDisposition.Created))];
    }

    private int CallCount
    {
        get
        {
            lock (_calls)
            {
                return _calls.Count;
            }
        }
    }

    private int[] Sent(int call)
    {
        lock (_calls)
        {
            return _calls[call].Numbers;
        }
    }

    private Task CallsAsync(int count) => Eventually.IsTrue(() => CallCount >= count, $"{count} calls were made");

    private void Release(int call)
    {
        lock (_calls)
        {
            _calls[call].Gate.TrySetResult();
        }
    }

    private void Fail(int call, Exception exception)
    {
        lock (_calls)
        {
            _calls[call].Gate.TrySetException(exception);
        }
    }

    private void ReleaseAll()
    {
        for (var i = 0; i < CallCount; i++)
        {
            Release(i);
        }
    }

    private sealed record Call(int[] Numbers, string? Ambient)
    {
        public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
