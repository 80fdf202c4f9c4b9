using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Retries;

/// <summary>N1, backoff in its forms, dead letters.</summary>
public sealed class RetryTests
{
    [Fact]
    public async Task With_one_attempt_a_failure_is_final_stored_and_not_repeated_after_a_restart()
    {
        await using var engine = await TestEngine.CreateAsync();
        var job = TaskDefinition.Create<int>("job", new TaskOptions { MaxAttempts = 1 });
        var starts = 0;
        var tasks = new TaskCollection().Add(job, (_, _) =>
        {
            Interlocked.Increment(ref starts);
            throw new InvalidOperationException("it broke", new FormatException("because of this"));
        });
        var first = await engine.StartAsync(tasks);
        var handle = await engine.Conductor.InvokeAsync(job, 1, cancellationToken: TestEngine.Token);
        await engine.IsAsync(handle.Id, ExecutionState.Failed);
        await first.StopAsync(TestEngine.Token);
        await engine.New(tasks).DrainAsync(TestEngine.Token);

        Assert.Equal(1, starts);
        var info = await handle.GetAsync(TestEngine.Token);
        Assert.Equal("it broke ---> FormatException: because of this", info!.Reason);
        var error = info.Errors!.Value[0];
        Assert.Equal("System.InvalidOperationException", error.GetProperty("type").GetString());
        Assert.Contains(nameof(RetryTests), error.GetProperty("stack").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, error.GetProperty("attempt").GetInt32());
        Assert.Equal(0, await engine.CountAsync("leases"));
        var thrown = await Assert.ThrowsAsync<ConductorException>(() => handle.WaitAsync(cancellationToken: TestEngine.Token));
        Assert.Equal(ConductorErrorCode.ExecutionFailed, thrown.Code);
        Assert.Contains("it broke", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Retries_follow_the_backoff_and_its_last_pause_repeats()
    {
        await using var engine = await TestEngine.CreateAsync();
        var job = TaskDefinition.Create<int>("job", new TaskOptions { MaxAttempts = 4, BackoffJitter = 0, Backoff = [TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(300)] });
        var starts = new List<(int Attempt, DateTime At)>();
        await engine.StartAsync(new TaskCollection().Add(job, (_, context) =>
        {
            starts.Add((context.Attempt, DateTime.UtcNow));
            return context.Attempt < 4 ? throw new InvalidOperationException("again") : Task.CompletedTask;
        }));
        var handle = await engine.Conductor.InvokeAsync(job, 1, cancellationToken: TestEngine.Token);

        await engine.IsAsync(handle.Id, ExecutionState.Completed);

        Assert.Equal([1, 2, 3, 4], starts.Select(start => start.Attempt));
        Assert.True(starts[1].At - starts[0].At >= TimeSpan.FromMilliseconds(100));
        Assert.True(starts[2].At - starts[1].At >= TimeSpan.FromMilliseconds(300));
        Assert.True(starts[3].At - starts[2].At >= TimeSpan.FromMilliseconds(300));
        var info = await handle.GetAsync(TestEngine.Token);
        Assert.Equal(3, info!.Errors!.Value.GetArrayLength());
        Assert.Equal(4, info.Attempts);
    }

    [Fact]
    public async Task The_pause_is_spread_by_the_jitter_and_no_more()
    {
        await using var engine = await TestEngine.CreateAsync();
        var job = TaskDefinition.Create<int>("job", new TaskOptions { BackoffJitter = 0.5, Backoff = [TimeSpan.FromSeconds(1000)], KeepFailed = Retention.None });
        await engine.StartAsync(new TaskCollection().Add(job, (_, _) => throw new InvalidOperationException("again")));
        await engine.Conductor.InvokeManyAsync(job, Enumerable.Range(0, 100), cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(async () => await engine.CountAsync("executions", "attempts = 1") == 100, "all have failed once");

        var shortest = await engine.Database.ScalarAsync<double>("select extract(epoch from min(run_at) - now())::float8 from pgconductor.executions");
        var longest = await engine.Database.ScalarAsync<double>("select extract(epoch from max(run_at) - now())::float8 from pgconductor.executions");

        Assert.InRange(shortest, 450, 700);
        Assert.InRange(longest, 1300, 1500);
    }

    [Fact]
    public async Task A_function_decides_the_pause_and_what_it_gets_wrong_falls_back_to_the_backoff()
    {
        await using var engine = await TestEngine.CreateAsync();
        var seen = new List<(int, string)>();
        var job = TaskDefinition.Create<int>("job", new TaskOptions
        {
            BackoffJitter = 0,
            Backoff = [TimeSpan.FromSeconds(5000)],
            BackoffFunction = (attempt, exception) =>
            {
                lock (seen)
                {
                    seen.Add((attempt, exception.Message));
                }

                return exception.Message switch
                {
                    "minute" => TimeSpan.FromMinutes(1),
                    "none" => null,
                    "negative" => TimeSpan.FromSeconds(-1),
                    _ => throw new FormatException("in the function"),
                };
            },
        });
        await engine.StartAsync(new TaskCollection().Add(job, (number, _) => throw new InvalidOperationException(new[] { "minute", "none", "negative", "throws" }[number])));
        var ids = await engine.Conductor.InvokeManyAsync(job, Enumerable.Range(0, 4), cancellationToken: TestEngine.Token);
        await Eventually.IsTrue(async () => await engine.CountAsync("executions", "attempts = 1") == 4, "all have failed once");

        async Task<double> PauseAsync(int index) =>
            await engine.Database.ScalarAsync<double>("select extract(epoch from run_at - now())::float8 from pgconductor.executions where id = $1", ids[index]);

        Assert.InRange(await PauseAsync(0), 30, 60);
        for (var i = 1; i < 4; i++)
        {
            Assert.InRange(await PauseAsync(i), 4900, 5000);
        }

        Assert.All(seen, call => Assert.Equal(1, call.Item1));
        Assert.Equal(4, seen.Count);
    }

    [Fact]
    public async Task Retry_after_chooses_the_pause_and_non_retryable_ends_it()
    {
        await using var engine = await TestEngine.CreateAsync();
        var job = TaskDefinition.Create<int>("job");
        await engine.StartAsync(new TaskCollection().Add(job, (number, _) => throw (number == 1
            ? new RetryAfterException(TimeSpan.FromMinutes(10), "busy")
            : new NonRetryableException("no such customer"))));
        var busy = await engine.Conductor.InvokeAsync(job, 1, cancellationToken: TestEngine.Token);
        var never = await engine.Conductor.InvokeAsync(job, 2, cancellationToken: TestEngine.Token);

        await engine.IsAsync(never.Id, ExecutionState.Failed);
        await engine.IsAsync(busy.Id, ExecutionState.Scheduled);

        Assert.Equal(("no such customer", 1), ((await never.GetAsync(TestEngine.Token))!.Reason, (await never.GetAsync(TestEngine.Token))!.Attempts));
        var pause = (await busy.GetAsync(TestEngine.Token))!.RunAt!.Value - DateTimeOffset.UtcNow;
        Assert.InRange(pause.TotalSeconds, 540, 600);
    }

    [Fact]
    public async Task A_dead_letter_put_back_has_all_its_attempts_again_and_keeps_its_errors()
    {
        await using var engine = await TestEngine.CreateAsync();
        var job = TaskDefinition.Create<int, string>("job", new TaskOptions { MaxAttempts = 2, Backoff = [TimeSpan.Zero] });
        var repaired = false;
        var attempts = new List<int>();
        await engine.StartAsync(new TaskCollection().Add(job, (_, context) =>
        {
            attempts.Add(context.Attempt);
            return repaired ? Task.FromResult("well") : throw new InvalidOperationException("broken");
        }));
        var handle = await engine.Conductor.InvokeAsync(job, 1, new InvokeOptions { DedupeKey = "only" }, cancellationToken: TestEngine.Token);
        await engine.IsAsync(handle.Id, ExecutionState.Failed);

        repaired = true;
        await engine.Conductor.RetryAsync(handle.Id, TestEngine.Token);

        Assert.Equal("well", await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        Assert.Equal([1, 2, 1], attempts);
        var info = await handle.GetAsync(TestEngine.Token);
        Assert.Equal(2, info!.Errors!.Value.GetArrayLength());
        Assert.Equal(0, await engine.CountAsync("failed_executions"));
        var error = await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.RetryAsync(handle.Id, TestEngine.Token));
        Assert.Equal(ConductorErrorCode.NotFound, error.Code);
    }

    [Fact]
    public async Task A_handler_that_runs_too_long_is_cancelled_and_fails_with_its_timeout()
    {
        await using var engine = await TestEngine.CreateAsync();
        var job = TaskDefinition.Create<int>("job", new TaskOptions { MaxAttempts = 1, Timeout = TimeSpan.FromMilliseconds(200) });
        await engine.StartAsync(new TaskCollection().Add(job, (number, context) =>
            number == 1 ? Task.Delay(Timeout.Infinite, context.CancellationToken) : Task.CompletedTask));
        var slow = await engine.Conductor.InvokeAsync(job, 1, cancellationToken: TestEngine.Token);
        var quick = await engine.Conductor.InvokeAsync(job, 2, cancellationToken: TestEngine.Token);

        await engine.IsAsync(slow.Id, ExecutionState.Failed);
        await engine.IsAsync(quick.Id, ExecutionState.Completed);

        var info = await slow.GetAsync(TestEngine.Token);
        Assert.Contains("longer than its timeout of 00:00:00.2", info!.Reason, StringComparison.Ordinal);
        Assert.Equal("System.TimeoutException", info.Errors!.Value[0].GetProperty("type").GetString());
    }

    [Fact]
    public async Task Whatever_a_handler_throws_its_slot_lives_on()
    {
        await using var engine = await TestEngine.CreateAsync();
        var job = TaskDefinition.Create<int>("job", new TaskOptions { MaxAttempts = 1 });
        await engine.StartAsync(
            new TaskCollection().Add(job, (number, _) => number switch
            {
                0 => throw new RudeException(),
                1 => null!,
                2 => throw new OperationCanceledException("of its own accord"),
                3 => Task.FromException(new RudeException()),
                _ => Task.CompletedTask,
            }),
            options => options with { Worker = new WorkerOptions { Concurrency = 1 } },
            loggers: new RudeLoggerFactory());
        await engine.Conductor.InvokeManyAsync(job, Enumerable.Range(0, 10), cancellationToken: TestEngine.Token);

        await engine.IsDoneAsync();

        Assert.Equal(4, await engine.CountAsync("failed_executions"));
        Assert.Equal(6, await engine.CountAsync("completed_executions"));
        Assert.Equal(2, await engine.CountAsync("failed_executions", "reason like '%message could not be read%'"));
    }

    private sealed class RudeException : Exception
    {
        public override string Message => throw new InvalidOperationException("no message today");
    }

    private sealed class RudeLoggerFactory : Microsoft.Extensions.Logging.ILoggerFactory, Microsoft.Extensions.Logging.ILogger
    {
        public void AddProvider(Microsoft.Extensions.Logging.ILoggerProvider provider) => throw new NotSupportedException();

        public Microsoft.Extensions.Logging.ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => throw new InvalidOperationException("no scopes today");

        public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) => true;

        public void Log<TState>(Microsoft.Extensions.Logging.LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new InvalidOperationException("the disk of the logs is full");

        public void Dispose()
        {
        }
    }
}
