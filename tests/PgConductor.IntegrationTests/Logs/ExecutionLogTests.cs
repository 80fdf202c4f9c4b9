using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PgConductor.IntegrationTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Logs;

#pragma warning disable CA1848, CA1873, CA2254 // What handlers log is a user's code.

/// <summary>Log lines that are kept with their executions.</summary>
public sealed class ExecutionLogTests
{
    private static readonly TaskOptions _kept = new() { KeepLogs = Retention.For(TimeSpan.FromDays(7)), MaxAttempts = 2, Backoff = [TimeSpan.Zero] };
    private static readonly TaskDefinition<int, NoResult> _job = TaskDefinition.Create<int>("job", _kept);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_handler_and_the_code_below_it_log_is_kept_with_attempt_and_exception()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Debug));
        var elsewhere = loggers.CreateLogger("Shop.Stock");
        await engine.StartAsync(
            new TaskCollection().Add(_job, async (payload, context) =>
            {
                context.Logger.LogInformation("Order {Order} starts", payload);
                context.Logger.LogDebug("too fine");
                await Task.Yield();
                await Task.Run(() => elsewhere.LogWarning(new IOException("the shelf is empty"), "Stock is low"), Token);
                if (context.Attempt == 1)
                {
                    throw new InvalidOperationException("not yet");
                }
            }),
            Quick,
            loggers: loggers);

        var handle = await engine.Conductor.InvokeAsync(_job, 7, cancellationToken: Token);
        await engine.IsAsync(handle.Id, ExecutionState.Completed);
        await Eventually.IsTrue(async () => (await handle.GetLogsAsync(cancellationToken: Token)).Count == 5, "its five lines are stored");

        var lines = await handle.GetLogsAsync(cancellationToken: Token);
        Assert.Equal([1, 1, 1, 2, 2], lines.Select(line => line.Attempt));
        Assert.Equal(["Order 7 starts", "Stock is low"], lines.Take(2).Select(line => line.Message));
        Assert.Equal(("PgConductor.Tasks.job", LogLevel.Information, null), (lines[0].Category, lines[0].Level, lines[0].Exception));
        Assert.Equal(("Shop.Stock", LogLevel.Warning), (lines[1].Category, lines[1].Level));
        Assert.Contains("the shelf is empty", lines[1].Exception, StringComparison.Ordinal);
        Assert.Contains("failed in attempt 1", lines[2].Message, StringComparison.Ordinal);
        Assert.Contains("not yet", lines[2].Exception, StringComparison.Ordinal);
        Assert.Equal(["Stock is low", "Stock is low"], (await handle.GetLogsAsync(LogLevel.Warning, cancellationToken: Token)).Where(line => line.Category == "Shop.Stock").Select(line => line.Message));
        Assert.Equal(["Stock is low"], (await handle.GetLogsAsync(limit: 1, cancellationToken: Token)).Select(line => line.Message));
        Assert.Equal(1, await engine.CountAsync("tasks", "keep_logs = interval '7 days'"));
    }

    [Fact]
    public async Task The_programs_own_filters_apply_by_the_providers_alias()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Debug).Services
            .Configure<LoggerFilterOptions>(filters => filters.Rules.Add(new LoggerFilterRule("PgConductor", null, LogLevel.Error, null))));
        await engine.StartAsync(
            new TaskCollection().Add(_job, (_, context) =>
            {
                context.Logger.LogWarning("filtered out");
                context.Logger.LogError("kept");
                return Task.CompletedTask;
            }),
            Quick,
            loggers: loggers);

        var handle = await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: Token);
        await Eventually.IsTrue(async () => (await handle.GetLogsAsync(cancellationToken: Token)).Count > 0, "a line is stored");

        Assert.Equal(["kept"], (await handle.GetLogsAsync(cancellationToken: Token)).Select(line => line.Message));
    }

    [Fact]
    public async Task What_a_batch_logs_belongs_to_none_of_its_executions()
    {
        await using var engine = await TestEngine.CreateAsync();
        var batch = TaskDefinition.Create<int>("batch", _kept with { Batch = new BatchOptions { Size = 2, Wait = TimeSpan.Zero } });
        var orchestrator = await engine.StartAsync(
            new TaskCollection()
                .AddBatch(batch, items =>
                {
                    items.Logger.LogError("of the batch");
                    return Task.CompletedTask;
                })
                .Add(_job, (_, context) =>
                {
                    context.Logger.LogError("of one");
                    return Task.CompletedTask;
                }),
            Quick);

        await engine.Conductor.InvokeManyAsync(batch, [1, 2], cancellationToken: Token);
        await engine.Conductor.InvokeAsync(_job, 3, cancellationToken: Token);
        await engine.IsDoneAsync();
        await orchestrator.StopAsync(Token);

        Assert.Equal((1, 1), (await engine.CountAsync("execution_logs"), await engine.CountAsync("execution_logs", "message = 'of one'")));
    }

    [Fact]
    public async Task Lines_of_executions_that_run_together_do_not_mix_and_no_logging_is_needed_to_keep_them()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(
            new TaskCollection().Add(_job, async (payload, context) =>
            {
                for (var i = 0; i < 10; i++)
                {
                    context.Logger.LogInformation("{Payload}", payload);
                    await Task.Yield();
                }
            }),
            Quick);

        var ids = await engine.Conductor.InvokeManyAsync(_job, Enumerable.Range(0, 20), cancellationToken: Token);
        await engine.IsDoneAsync();
        await Eventually.IsTrue(async () => await engine.CountAsync("execution_logs") == 200, "all lines are stored");

        for (var n = 0; n < ids.Count; n++)
        {
            var lines = await engine.Conductor.GetLogsAsync(ids[n], cancellationToken: Token);
            Assert.Equal(Enumerable.Repeat($"{n}", 10), lines.Select(line => line.Message));
        }
    }

    [Fact]
    public async Task Lines_of_a_batch_are_kept_with_each_of_its_executions_and_those_of_an_item_with_it_only()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Debug));
        var elsewhere = loggers.CreateLogger("Shop.Stock");
        var batched = TaskDefinition.Create<int>("batched", _kept with { MaxAttempts = 1, Batch = new BatchOptions { Size = 3, Wait = TimeSpan.FromSeconds(30) } });
        await engine.StartAsync(
            new TaskCollection().AddBatch(batched, async batch =>
            {
                batch.Logger.LogInformation("{Count} begin", batch.Items.Count);
                foreach (var item in batch.Items)
                {
                    await Task.Yield();
                    item.Logger.LogInformation("item {Payload}", item.Payload);
                    if (item.Payload == 1)
                    {
                        item.Fail(new IOException("the shelf is empty"));
                    }
                }

                elsewhere.LogWarning("Stock is low");
                throw new InvalidOperationException("the gateway is away");
            }),
            Quick,
            loggers: loggers);

        var ids = await engine.Conductor.InvokeManyAsync(batched, [0, 1, 2], cancellationToken: Token);
        await engine.IsDoneAsync();
        await Eventually.IsTrue(async () => await engine.CountAsync("execution_logs") == 13, "four lines of each, and one of the failed one");

        for (var n = 0; n < ids.Count; n++)
        {
            var lines = await engine.Conductor.GetLogsAsync(ids[n], cancellationToken: Token);
            Assert.Equal(["3 begin", $"item {n}"], lines.Take(2).Select(line => line.Message));
            Assert.Equal(("Stock is low", "Shop.Stock"), (lines[^2].Message, lines[^2].Category));
            Assert.Contains("the gateway is away", lines[^1].Exception, StringComparison.Ordinal);
            Assert.Equal(n == 1 ? 5 : 4, lines.Count);
            Assert.All(lines, line => Assert.Equal(1, line.Attempt));
        }

        Assert.Contains("the shelf is empty", (await engine.Conductor.GetLogsAsync(ids[1], cancellationToken: Token))[2].Exception, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_run_keeps_so_many_lines_and_says_how_many_more_there_were()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.StartAsync(
            new TaskCollection().Add(_job, (payload, context) =>
            {
                for (var i = 0; i < 50; i++)
                {
                    context.Logger.LogInformation(payload == 0 ? $"line {i}" : new string('x', 300));
                }

                return Task.CompletedTask;
            }),
            options => options with { Logs = new ExecutionLogOptions { MaxEntries = 10, MaxBytes = 1024, FlushInterval = TimeSpan.Zero } });

        var ids = await engine.Conductor.InvokeManyAsync(_job, [0, 1], cancellationToken: Token);
        await engine.IsDoneAsync();
        await Eventually.IsTrue(async () => await engine.CountAsync("execution_logs", "level = 3") == 2, "both runs have said what is missing");

        var byLines = await engine.Conductor.GetLogsAsync(ids[0], cancellationToken: Token);
        Assert.Equal([.. Enumerable.Range(0, 10).Select(i => $"line {i}")], byLines.Take(10).Select(line => line.Message));
        Assert.StartsWith("40 more log lines", byLines[10].Message, StringComparison.Ordinal);
        var byBytes = await engine.Conductor.GetLogsAsync(ids[1], cancellationToken: Token);
        Assert.Equal(4, byBytes.Count);
        Assert.StartsWith("47 more log lines", byBytes[3].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task By_default_nothing_is_kept_and_a_task_may_be_left_out_where_the_process_keeps_them()
    {
        await using var engine = await TestEngine.CreateAsync();
        var quiet = TaskDefinition.Create<int>("quiet", new TaskOptions { KeepLogs = Retention.None });
        var loud = TaskDefinition.Create<int>("loud");
        Task LogAsync(int payload, TaskContext context)
        {
            context.Logger.LogInformation("hello");
            return Task.CompletedTask;
        }

        await using (var first = await engine.StartAsync(new TaskCollection().Add(quiet, LogAsync).Add(loud, LogAsync)))
        {
            await engine.Conductor.InvokeAsync(loud, 1, cancellationToken: Token);
            await engine.IsDoneAsync();
            await first.StopAsync(Token);
        }

        Assert.Equal(0, await engine.CountAsync("execution_logs"));
        await using (var second = await engine.StartAsync(new TaskCollection().Add(quiet, LogAsync).Add(loud, LogAsync), options => options with { Logs = new ExecutionLogOptions { Keep = Retention.Forever } }))
        {
            await engine.Conductor.InvokeAsync(loud, 2, cancellationToken: Token);
            await engine.Conductor.InvokeAsync(quiet, 2, cancellationToken: Token);
            await engine.IsDoneAsync();

            // A stop writes what waits.
            await second.StopAsync(Token);
        }

        Assert.Equal(1, await engine.CountAsync("execution_logs", "expires_at = 'infinity'"));
        Assert.Equal(1, await engine.CountAsync("execution_logs"));
    }

    [Fact]
    public async Task A_database_that_refuses_lines_and_lines_it_cannot_hold_fail_no_execution()
    {
        await using var engine = await TestEngine.CreateAsync();
        using var log = new CapturedLog();
        await engine.StartAsync(
            new TaskCollection().Add(_job, (_, context) =>
            {
                context.Logger.LogInformation("nul \0 and half of a pair \ud800 and {Long}", new string('y', 9000));
                return Task.CompletedTask;
            }),
            Quick,
            loggers: log);
        var first = await engine.Conductor.InvokeAsync(_job, 1, cancellationToken: Token);
        await Eventually.IsTrue(async () => (await first.GetLogsAsync(cancellationToken: Token)).Count == 1, () => $"it is stored; logged: {string.Join(" | ", log.Entries.Select(entry => $"{entry.Text} {entry.Exception}"))}", 10);
        var message = (await first.GetLogsAsync(cancellationToken: Token))[0].Message;
        Assert.StartsWith("nul \ufffd and half of a pair \ufffd and yyy", message, StringComparison.Ordinal);
        Assert.EndsWith("… (cut)", message, StringComparison.Ordinal);

        await using (var command = engine.Database.DataSource.CreateCommand("drop table pgconductor.execution_logs"))
        {
            await command.ExecuteNonQueryAsync(Token);
        }

        var second = await engine.Conductor.InvokeAsync(_job, 2, cancellationToken: Token);
        await second.WaitAsync(TimeSpan.FromSeconds(30), Token);
        await Eventually.IsTrue(() => log.Has(1801), "that lines were dropped is logged");
    }

    /// <summary>What was flushed survives the death of the process; the next attempt's lines come behind it.</summary>
    [Fact]
    public async Task After_a_kill_the_lines_up_to_the_last_flush_are_there()
    {
        await using var engine = await TestEngine.CreateAsync();
        var job = TaskDefinition.Create<int>("job");
        using var victim = await WorkerProcess.StartAsync(engine.Database, "handler=gate", "keepLogs=true");
        var handle = await engine.Conductor.InvokeAsync(job, 1, cancellationToken: Token);
        await victim.SaysAsync("start");
        await Eventually.IsTrue(async () => (await handle.GetLogsAsync(cancellationToken: Token)).Count == 1, "the first line is flushed while the handler runs");

        await victim.KillAsync();
        using var heir = await WorkerProcess.StartAsync(engine.Database, "handler=noop", "keepLogs=true");
        await engine.IsAsync(handle.Id, ExecutionState.Completed);
        await Eventually.IsTrue(async () => (await handle.GetLogsAsync(cancellationToken: Token)).Count == 2, "the second attempt's line is flushed");

        Assert.Equal(["Attempt 1 starts", "Attempt 2 starts"], (await handle.GetLogsAsync(cancellationToken: Token)).Select(line => line.Message));
    }

    [Fact]
    public async Task A_limit_that_is_none_and_faulty_options_are_refused()
    {
        await using var engine = await TestEngine.CreateAsync();

        Assert.Equal(ConductorErrorCode.InvalidArgument, (await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.GetLogsAsync(Guid.NewGuid(), limit: 0, cancellationToken: Token))).Code);
        var faults = new OrchestratorOptions { Logs = new ExecutionLogOptions { MaxEntries = 0, MaxBytes = 1, MaxWaiting = 0, FlushInterval = TimeSpan.FromHours(1), MinLevel = (LogLevel)9 } }.Validate();
        Assert.Equal(5, faults.Count);
        Assert.All(faults, fault => Assert.StartsWith("Logs: ", fault, StringComparison.Ordinal));
    }

    private static OrchestratorOptions Quick(OrchestratorOptions options) => options with { Logs = new ExecutionLogOptions { FlushInterval = TimeSpan.FromMilliseconds(20) } };
}
