using System.Text;
using PgConductor.Client;
using PgConductor.Database;
using Xunit;

namespace PgConductor.ConformanceTests;

/// <summary>N10: throttled and debounced invokes, across windows, with and without a key, single and in batches.</summary>
public abstract class PaceTests(Backend backend) : ConformanceTest(backend)
{
    private static readonly TimeSpan _minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    public static TheoryData<string?> Keys => new(default(string), "key");

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task A_leading_throttle_runs_the_first_of_each_window(string? key)
    {
        var pace = new Pace(true, _minute, key, PaceEdge.Leading, null);
        for (var window = 0; window < 3; window++)
        {
            var first = await InvokeAsync(Paced(pace, "1"));
            Assert.Equal(InvokeDisposition.Created, first.Disposition);
            Assert.Equal(new InvokeOutcome(first.Id, InvokeDisposition.Dropped), await InvokeAsync(Paced(pace, "2")));
            await Subject.AdvanceAsync(_minute - TimeSpan.FromMilliseconds(1));
            Assert.Equal(new InvokeOutcome(first.Id, InvokeDisposition.Dropped), await InvokeAsync(Paced(pace, "3")));
            var claimed = Assert.Single((await ClaimAsync()).Executions);
            Assert.Equal((first.Id, "1"), (claimed.Id, Encoding.UTF8.GetString(claimed.Payload)));
            await Subject.AdvanceAsync(TimeSpan.FromMilliseconds(1));
        }
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task A_trailing_throttle_runs_the_last_of_each_window_at_its_end(string? key)
    {
        var pace = new Pace(true, _minute, key, PaceEdge.Trailing, null);
        for (var window = 0; window < 3; window++)
        {
            var end = Subject.Now + _minute;
            var first = await InvokeAsync(Paced(pace, "1"));
            Assert.Equal(InvokeDisposition.Created, first.Disposition);
            await Subject.AdvanceAsync(_minute / 2);
            Assert.Equal(new InvokeOutcome(first.Id, InvokeDisposition.Replaced), await InvokeAsync(Paced(pace, "2")));
            Assert.Equal(end, (await GetAsync(first.Id)).RunAt);
            Assert.Empty((await ClaimAsync()).Executions);
            await Subject.AdvanceAsync(_minute / 2);
            Assert.Equal("2", Encoding.UTF8.GetString(Assert.Single((await ClaimAsync()).Executions).Payload));
        }
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task A_trailing_debounce_runs_the_last_of_each_burst(string? key)
    {
        var pace = new Pace(false, 10 * _second, key, PaceEdge.Trailing, null);
        for (var burst = 0; burst < 3; burst++)
        {
            var first = await InvokeAsync(Paced(pace, "0"));
            Assert.Equal(InvokeDisposition.Created, first.Disposition);
            for (var i = 1; i <= 3; i++)
            {
                await Subject.AdvanceAsync(9 * _second);
                Assert.Equal(new InvokeOutcome(first.Id, InvokeDisposition.Replaced), await InvokeAsync(Paced(pace, $"{i}")));
                Assert.Equal(Subject.Now + (10 * _second), (await GetAsync(first.Id)).RunAt);
            }

            Assert.Empty((await ClaimAsync()).Executions);
            await Subject.AdvanceAsync(10 * _second);
            Assert.Equal("3", Encoding.UTF8.GetString(Assert.Single((await ClaimAsync()).Executions).Payload));
        }
    }

    [Fact]
    public async Task A_longest_wait_ends_a_burst_that_does_not_pause()
    {
        var pace = new Pace(false, 10 * _second, null, PaceEdge.Trailing, 25 * _second);
        var start = Subject.Now;
        var first = await InvokeAsync(Paced(pace, "0"));
        for (var i = 1; i <= 3; i++)
        {
            await Subject.AdvanceAsync(8 * _second);
            Assert.Equal(first.Id, (await InvokeAsync(Paced(pace, $"{i}"))).Id);
        }

        Assert.Equal(start + (25 * _second), (await GetAsync(first.Id)).RunAt);
        await Subject.AdvanceAsync(_second);
        Assert.Equal("3", Encoding.UTF8.GetString(Assert.Single((await ClaimAsync()).Executions).Payload));
        Assert.Equal(InvokeDisposition.Created, (await InvokeAsync(Paced(pace, "4"))).Disposition);
    }

    [Fact]
    public async Task A_leading_debounce_runs_the_first_and_is_quiet_until_a_pause_or_its_longest_wait()
    {
        var pace = new Pace(false, 10 * _second, null, PaceEdge.Leading, null);
        var limited = pace with { Key = "limited", MaxWait = 15 * _second };
        var first = await InvokeAsync(Paced(pace, "0"));
        var second = await InvokeAsync(Paced(limited, "0"));
        await Subject.AdvanceAsync(9 * _second);
        Assert.Equal(new InvokeOutcome(first.Id, InvokeDisposition.Dropped), await InvokeAsync(Paced(pace, "1")));
        Assert.Equal(new InvokeOutcome(second.Id, InvokeDisposition.Dropped), await InvokeAsync(Paced(limited, "1")));
        await Subject.AdvanceAsync(9 * _second);
        Assert.Equal(new InvokeOutcome(first.Id, InvokeDisposition.Dropped), await InvokeAsync(Paced(pace, "2")));
        Assert.Equal(InvokeDisposition.Created, (await InvokeAsync(Paced(limited, "2"))).Disposition);
        await Subject.AdvanceAsync(10 * _second);
        Assert.Equal(InvokeDisposition.Created, (await InvokeAsync(Paced(pace, "3"))).Disposition);
    }

    [Fact]
    public async Task What_has_started_is_not_replaced()
    {
        var pace = new Pace(false, _second, null, PaceEdge.Trailing, null);
        var first = await InvokeAsync(Paced(pace, "1"));
        await Subject.AdvanceAsync(5 * _second);
        Assert.Equal(new InvokeOutcome(first.Id, InvokeDisposition.Replaced), await InvokeAsync(Paced(pace, "2")));
        await Subject.AdvanceAsync(_second);
        var claim = await ClaimAsync();
        var second = await InvokeAsync(Paced(pace, "3"));
        Assert.Equal(InvokeDisposition.Created, second.Disposition);
        await ReturnAsync(new Outcome(claim.LeaseId!.Value, 1, OutcomeKind.Failed));

        Assert.Equal(second.Id, (await InvokeAsync(Paced(pace, "4"))).Id);
        Assert.Equal("2", (await GetAsync(first.Id)).Payload!.Value.GetRawText());
    }

    [Fact]
    public async Task A_repetition_changes_nothing()
    {
        var leading = new Pace(true, _minute, null, PaceEdge.Leading, null);
        var trailing = new Pace(false, _minute, null, PaceEdge.Trailing, null);
        var made = Paced(leading, "1");
        await InvokeAsync(made);
        var (first, second) = (Paced(trailing, "1"), Paced(trailing, "2"));
        await InvokeAsync(first);
        await InvokeAsync(second);
        await Subject.AdvanceAsync(_second);

        Assert.Equal(new InvokeOutcome(made.Id, InvokeDisposition.Existing), await InvokeAsync(made));
        Assert.Equal(new InvokeOutcome(made.Id, InvokeDisposition.Existing), await InvokeAsync(made with { MayBeKnown = true }));
        foreach (var invocation in new[] { first, second })
        {
            Assert.Equal(new InvokeOutcome(first.Id, InvokeDisposition.Existing), await InvokeAsync(invocation with { MayBeKnown = true }));
        }

        var info = await GetAsync(first.Id);
        Assert.Equal(("2", Subject.Now + _minute - _second), (info.Payload!.Value.GetRawText(), info.RunAt));
    }

    [Fact]
    public async Task Items_of_a_batch_are_decided_in_order_and_each_is_told()
    {
        var (leading, trailing) = (new Pace(true, _minute, "k", PaceEdge.Leading, null), new Pace(false, _minute, "k", PaceEdge.Trailing, null));
        var items = new[] { Paced(leading, "0"), Make(Kept, "1"), Paced(leading, "2"), Paced(trailing, "3"), Paced(trailing, "4"), Make(Kept, "5", dedupeKey: "d"), Paced(trailing with { Key = null }, "6") };

        var outcomes = await Client.InvokeManyAsync(items, DedupePolicy.ReturnExisting, null, Token);

        Assert.Equal(
            [InvokeDisposition.Created, InvokeDisposition.Created, InvokeDisposition.Dropped, InvokeDisposition.Created, InvokeDisposition.Replaced, InvokeDisposition.Created, InvokeDisposition.Created],
            outcomes.Select(outcome => outcome.Disposition));
        Assert.Equal((items[0].Id, items[3].Id), (outcomes[2].Id, outcomes[4].Id));
        Assert.Equal("4", (await GetAsync(items[3].Id)).Payload!.Value.GetRawText());
        Assert.Equal(5, (await Client.ListExecutionsAsync(new ExecutionQuery(), Token)).Count);

        // Refused as a whole, windows included.
        await FailsAsync(ConductorErrorCode.UnknownQueue, () => Client.InvokeManyAsync([Paced(leading with { Key = "new" }, "1"), Make(Kept, queue: "nowhere")], DedupePolicy.ReturnExisting, null, Token));
        Assert.Equal(InvokeDisposition.Created, (await InvokeAsync(Paced(leading with { Key = "new" }, "1"))).Disposition);
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task A_batch_is_paced_in_each_of_three_windows(string? key)
    {
        var (leading, trailing) = (new Pace(true, _minute, key, PaceEdge.Leading, null), new Pace(false, _minute, key, PaceEdge.Trailing, null));
        foreach (var (pace, second) in new[] { (leading, InvokeDisposition.Dropped), (trailing, InvokeDisposition.Replaced) })
        {
            for (var window = 0; window < 3; window++)
            {
                var outcomes = await Client.InvokeManyAsync([Paced(pace, "1"), Paced(pace, "2"), Make(Kept, "3")], DedupePolicy.ReturnExisting, null, Token);

                Assert.Equal([InvokeDisposition.Created, second, InvokeDisposition.Created], outcomes.Select(outcome => outcome.Disposition));
                Assert.Equal(outcomes[0].Id, outcomes[1].Id);
                await Subject.AdvanceAsync(_minute);
                Assert.Equal([pace == leading ? "1" : "2", "3"], (await ClaimAsync()).Executions.Select(claimed => Encoding.UTF8.GetString(claimed.Payload)).Order());
            }
        }
    }

    public static TheoryData<string> Impossible => ["run at", "dedupe key", "too short", "too long", "empty key", "long key", "short wait", "wait of a throttle", "priority"];

    [Theory]
    [MemberData(nameof(Impossible))]
    public async Task What_a_pace_cannot_be_is_refused(string what)
    {
        var pace = new Pace(true, _minute, null, PaceEdge.Leading, null);
        var invocation = what switch
        {
            "run at" => Paced(pace, "1") with { RunAt = Subject.Now },
            "dedupe key" => Paced(pace, "1") with { DedupeKey = "d" },
            "too short" => Paced(pace with { Length = TimeSpan.Zero }, "1"),
            "too long" => Paced(pace with { Length = TimeSpan.FromDays(367) }, "1"),
            "empty key" => Paced(pace with { Key = "" }, "1"),
            "long key" => Paced(pace with { Key = new string('k', 1001) }, "1"),
            "short wait" => Paced(pace with { IsThrottle = false, MaxWait = _second }, "1"),
            "wait of a throttle" => Paced(pace with { MaxWait = _minute }, "1"),
            _ => Paced(pace, "1") with { Priority = 101 },
        };

        await FailsAsync(ConductorErrorCode.InvalidArgument, () => InvokeAsync(invocation));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => Client.InvokeManyAsync([Make(Plain), invocation], DedupePolicy.ReturnExisting, null, Token));
        Assert.Empty(await Client.ListExecutionsAsync(new ExecutionQuery(), Token));
    }

    private static Invocation Paced(Pace pace, string payload) => Make(Kept, payload) with { Pace = pace };
}

/// <summary>Paces against the server.</summary>
public sealed class PacesOnPostgreSql() : PaceTests(Backend.PostgreSql);

/// <summary>Paces against the double.</summary>
public sealed class PacesInMemory() : PaceTests(Backend.InMemory);
