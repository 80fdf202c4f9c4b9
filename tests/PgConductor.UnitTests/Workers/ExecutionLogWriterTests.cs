using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Diagnostics;
using PgConductor.TestSupport;
using PgConductor.TestSupport.InMemory;
using Xunit;

namespace PgConductor.UnitTests.Workers;

/// <summary>Log lines on their way to a database that is away, slow, or refuses.</summary>
public sealed class ExecutionLogWriterTests : IAsyncDisposable
{
    private readonly InMemoryDatabaseClient _database = new(TimeProvider.System);
    private readonly CapturedLog _log = new();
    private readonly Guid _id = Guid.NewGuid();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_call_that_failed_for_now_is_repeated_and_said_once()
    {
        _database.Faults.FailNext(nameof(IDatabaseClient.AppendLogsAsync), ServerErrors.Of("57P01"), times: 3);
        var writer = New(100);
        var running = writer.RunAsync(Token);
        Log(writer, "one");

        await Eventually.IsTrue(async () => await CountAsync() == 1, "it is stored after all");

        writer.Complete();
        await running;
        Assert.Equal(4, _database.Faults.Calls(nameof(IDatabaseClient.AppendLogsAsync)));
        Assert.Single(_log.Entries, entry => entry.Id == 1800);
    }

    [Fact]
    public async Task While_the_database_is_slow_so_many_lines_wait_and_the_rest_is_dropped_without_waiting()
    {
        var block = _database.Faults.Block(nameof(IDatabaseClient.AppendLogsAsync));
        var writer = New(10);
        var running = writer.RunAsync(Token);
        Log(writer, "first");
        await Eventually.IsTrue(() => _database.Faults.Calls(nameof(IDatabaseClient.AppendLogsAsync)) == 1, "the first is on its way");

        Log(writer, [.. Enumerable.Range(0, 50).Select(i => $"{i}")]);
        block.Dispose();
        writer.Complete();
        await running;

        Assert.Equal(11, await CountAsync());
    }

    /// <summary>The interval is an hour, and begins with the first line.</summary>
    [Fact]
    public async Task A_thousand_lines_that_wait_are_written_at_once()
    {
        var clock = new NoticingClock();
        var writer = New(2000, TimeSpan.FromHours(1), clock);
        var running = writer.RunAsync(Token);
        Log(writer, "first");
        await clock.Waiting.WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.Equal(0, await CountAsync());

        Log(writer, [.. Enumerable.Range(0, 999).Select(i => $"{i}")]);

        await Eventually.IsTrue(async () => await CountAsync() == 1000, "all of them are stored");
        writer.Complete();
        await running;
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_ever()
    {
        _database.Faults.Block(nameof(IDatabaseClient.AppendLogsAsync));
        var writer = New(10);
        using var stop = new CancellationTokenSource();
        var running = writer.RunAsync(stop.Token);
        Log(writer, "lost");
        await Eventually.IsTrue(() => _database.Faults.Calls(nameof(IDatabaseClient.AppendLogsAsync)) == 1, "it is on its way");

        writer.Complete();
        await stop.CancelAsync();

        await running.WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    public ValueTask DisposeAsync()
    {
        _log.Dispose();
        return _database.DisposeAsync();
    }

    private ExecutionLogWriter New(int maxWaiting, TimeSpan flushInterval = default, TimeProvider? clock = null) =>
        new(_database, new ExecutionLogOptions { FlushInterval = flushInterval, MaxWaiting = maxWaiting, MaxEntries = 1000 }, clock ?? TimeProvider.System, _log.CreateLogger("logs"));

    private void Log(ExecutionLogWriter writer, params string[] messages)
    {
        using var lines = new ExecutionLog(writer, _id, "t", 1, isCurrent: true);
        foreach (var message in messages)
        {
            lines.Add(LogText.Of(LogLevel.Information, "c", message, null));
        }
    }

    /// <summary>Tells when somebody waits for time to pass.</summary>
    private sealed class NoticingClock : TimeProvider
    {
        private readonly TaskCompletionSource _waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Waiting => _waiting.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            _waiting.TrySetResult();
            return timer;
        }
    }

    private async Task<int> CountAsync() => (await _database.GetLogsAsync(_id, LogLevel.Trace, 1000, Token)).Count;
}
