using System.Text.Json;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Payloads;

/// <summary>What JSON can hold and PostgreSQL cannot, and what is large.</summary>
public sealed class PayloadTests
{
    private static readonly TaskDefinition<string, string> _echo = TaskDefinition.Create<string, string>("echo", new TaskOptions { Backoff = [TimeSpan.Zero], MaxAttempts = 3 });

    [Fact]
    public async Task What_cannot_be_stored_is_refused_at_the_edge()
    {
        await using var engine = await TestEngine.CreateAsync();
        foreach (var (text, named) in new[] { ("nul \0", "U+0000"), ("half \ud83d", "surrogate"), ("\ude80 the other half", "surrogate") })
        {
            var error = await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.InvokeAsync(_echo, text, cancellationToken: TestEngine.Token));

            Assert.Equal(ConductorErrorCode.InvalidPayload, error.Code);
            Assert.Contains(named, error.Message, StringComparison.Ordinal);
            Assert.Contains("echo", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0, await engine.CountAsync("executions"));
    }

    [Fact]
    public async Task Raw_json_is_checked_as_well()
    {
        await using var engine = await TestEngine.CreateAsync();
        foreach (var json in new[] { "\"\\u0000\"", "{\"a\\ud800\":1}" })
        {
            using var document = JsonDocument.Parse(json);
            var error = await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.InvokeAsync("echo", document.RootElement, cancellationToken: TestEngine.Token));
            Assert.Equal(ConductorErrorCode.InvalidPayload, error.Code);
        }

        Assert.Equal(ConductorErrorCode.InvalidPayload, (await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.InvokeAsync("echo", default, cancellationToken: TestEngine.Token))).Code);
    }

    [Fact]
    public async Task Everything_else_comes_back_as_it_was()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(new TaskCollection().Add(_echo, (text, _) => Task.FromResult(text)));
        foreach (var text in new[] { "", "\u0001\u001f\u007f", "\\u0000 as text", "🚀 é \u2028 \"quoted\" \\ </script>", new string('é', 5000), new string('x', 20_000) })
        {
            var handle = await engine.Conductor.InvokeAsync(_echo, text, cancellationToken: TestEngine.Token);
            Assert.Equal(text, await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
            Assert.Equal(text, (await handle.GetAsync(TestEngine.Token))!.Payload!.Value.GetString());
        }
    }

    [Fact]
    public async Task Beyond_the_limit_it_is_refused_with_both_sizes()
    {
        await using var engine = await TestEngine.CreateAsync(options => options with { MaxPayloadBytes = 2000 });
        await engine.StartAsync(new TaskCollection().Add(_echo, (text, _) => Task.FromResult(new string('r', int.Parse(text, System.Globalization.CultureInfo.InvariantCulture)))));

        var error = await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.InvokeAsync(_echo, new string('x', 1999), cancellationToken: TestEngine.Token));
        Assert.Equal(ConductorErrorCode.InvalidPayload, error.Code);
        Assert.Contains("2001 bytes", error.Message, StringComparison.Ordinal);
        Assert.Contains("2000", error.Message, StringComparison.Ordinal);

        // A result too large dead-letters at once: doing the work again would not help.
        var handle = await engine.Conductor.InvokeAsync(_echo, "5000", cancellationToken: TestEngine.Token);
        await engine.IsAsync(handle.Id, ExecutionState.Failed);
        var info = await handle.GetAsync(TestEngine.Token);
        Assert.Equal(1, info!.Attempts);
        Assert.Contains("5002 bytes", info.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_payload_that_cannot_be_read_fails_its_own_execution()
    {
        await using var engine = await TestEngine.CreateAsync();
        var numbers = TaskDefinition.Create<int>("numbers", new TaskOptions { MaxAttempts = 1 });
        await engine.StartAsync(new TaskCollection().Add(numbers, (_, _) => Task.CompletedTask));
        var bad = await engine.Conductor.InvokeAsync("numbers", JsonSerializer.SerializeToElement("not a number"), cancellationToken: TestEngine.Token);
        var good = await engine.Conductor.InvokeAsync(numbers, 1, cancellationToken: TestEngine.Token);

        await engine.IsAsync(bad.Id, ExecutionState.Failed);
        await engine.IsAsync(good.Id, ExecutionState.Completed);
        Assert.Contains("cannot be read as System.Int32", (await bad.GetAsync(TestEngine.Token))!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Payloads_of_a_megabyte_are_written_once_survive_retries_and_go_with_their_history()
    {
        await using var engine = await TestEngine.CreateAsync();
        var random = new Random(1);
        var texts = Enumerable.Range(0, 20).Select(_ => Convert.ToBase64String(RandomBytes(random, 750_000))).ToArray();
        var right = 0;
        var largestLease = 0L;
        var kept = TaskDefinition.Create<string>("kept", new TaskOptions { Backoff = [TimeSpan.Zero] });
        var forgotten = TaskDefinition.Create<string>("forgotten", new TaskOptions { Backoff = [TimeSpan.Zero], KeepCompleted = Retention.None });
        async Task HandleAsync(string text, TaskContext context)
        {
            var size = await engine.Database.ScalarAsync<long>("select coalesce(max(pg_column_size(payloads)), 0)::bigint from pgconductor.leases");
            largestLease = Math.Max(largestLease, size);
            if (context.Attempt == 1)
            {
                throw new InvalidOperationException("once more");
            }

            Interlocked.Add(ref right, texts.Contains(text) ? 1 : 0);
        }

        await engine.Conductor.InvokeManyAsync(kept, texts[..10], cancellationToken: TestEngine.Token);
        await engine.Conductor.InvokeManyAsync(forgotten, texts[10..], cancellationToken: TestEngine.Token);
        Assert.Equal(20, await engine.CountAsync("payloads"));
        var written = await engine.Database.ScalarAsync<string>("select string_agg(xmin::text || ctid::text, ',' order by execution_id) from pgconductor.payloads");
        var orchestrator = await engine.StartAsync(new TaskCollection().Add(kept, HandleAsync).Add(forgotten, HandleAsync));

        await Eventually.IsTrue(() => right == 20, "all have run twice");
        await engine.IsDoneAsync();
        await orchestrator.StopAsync(TestEngine.Token);

        Assert.InRange(largestLease, 0, 10_000);
        Assert.Equal(10, await engine.CountAsync("payloads"));
        Assert.NotNull(written);
        var rows = await engine.Database.ScalarAsync<string>("select string_agg(xmin::text || ctid::text, ',' order by execution_id) from pgconductor.payloads");
        Assert.All(rows!.Split("),", StringSplitOptions.TrimEntries), row => Assert.Contains(row.TrimEnd(')'), written, StringComparison.Ordinal));

        // The history's end is the payloads' end.
        await engine.Database.ExecuteAsync("set pgconductor.fake_now = '2099-01-01'; select pgconductor.maintain()");
        Assert.Equal(0, await engine.CountAsync("payloads"));
    }

    private static byte[] RandomBytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
