using System.Text.Json;
using PgConductor.Client;
using PgConductor.Database;
using PgConductor.TestSupport;
using PgConductor.TestSupport.InMemory;
using Xunit;

namespace PgConductor.UnitTests.Client;

/// <summary>The client over the in-memory database: what it sends, what it refuses, how it waits.</summary>
public sealed class ConductorTests : IAsyncDisposable
{
    private static readonly TaskDefinition<string, int> _task = TaskDefinition.Create<string, int>("t");

    private readonly TestClock _clock = new();
    private readonly InMemoryDatabaseClient _database;
    private readonly Conductor _conductor;
    private readonly Guid _worker = Guid.CreateVersion7();

    public ConductorTests()
    {
        _database = new InMemoryDatabaseClient(_clock);
        _conductor = new Conductor(new ConductorOptions { ConnectionString = "Host=unused", TimeProvider = _clock, MaxPayloadBytes = 1024 }, _ => _database);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _conductor.DisposeAsync();

    [Fact]
    public async Task An_invoke_sends_what_it_was_given()
    {
        await _conductor.CreateQueueAsync("q", cancellationToken: Token);
        var id = Guid.CreateVersion7();
        var runAt = _clock.GetUtcNow() + TimeSpan.FromMinutes(1);
        var handle = await _conductor.InvokeAsync(_task, "ä", new InvokeOptions { Id = id, Queue = "q", Priority = 3, RunAt = runAt, DedupeKey = "k", MaxAttempts = 2 }, cancellationToken: Token);

        Assert.Equal((id, InvokeDisposition.Created), (handle.Id, handle.Disposition));
        var info = await handle.GetAsync(Token);
        Assert.Equal(("q", 3, runAt, "k", 2, "ä"), (info!.Queue, info.Priority, info.RunAt!.Value, info.DedupeKey, info.MaxAttempts, info.Payload!.Value.GetString()));
    }

    [Fact]
    public async Task The_definitions_queue_counts_unless_the_invoke_names_another()
    {
        await _conductor.CreateQueueAsync("q", cancellationToken: Token);
        var task = TaskDefinition.Create<int>("other", new TaskOptions { Queue = "q" });

        Assert.Equal("q", (await (await _conductor.InvokeAsync(task, 1, cancellationToken: Token)).GetAsync(Token))!.Queue);
        Assert.Equal("default", (await (await _conductor.InvokeAsync(task, 1, new InvokeOptions { Queue = "default" }, cancellationToken: Token)).GetAsync(Token))!.Queue);
        Assert.All(await _conductor.InvokeManyAsync(task, [1, 2], cancellationToken: Token), id => Assert.Equal("q", _database.GetExecutionAsync(id, Token).GetAwaiter().GetResult()!.Queue));
    }

    [Fact]
    public async Task A_callers_own_id_makes_a_repeated_call_harmless_even_after_the_outcome()
    {
        var options = new InvokeOptions { Id = Guid.CreateVersion7() };
        await _conductor.InvokeAsync(_task, "a", options, cancellationToken: Token);
        await SettleAsync(OutcomeKind.Completed, "1");

        Assert.Equal(InvokeDisposition.Existing, (await _conductor.InvokeAsync(_task, "a", options, cancellationToken: Token)).Disposition);
        var batch = await _conductor.InvokeManyAsync([new InvokeItem("t", JsonSerializer.SerializeToElement("a"), options)], cancellationToken: Token);
        Assert.Equal(InvokeDisposition.Existing, Assert.Single(batch).Disposition);
    }

    [Fact]
    public async Task A_batch_of_one_task_makes_an_execution_each_in_order()
    {
        var ids = await _conductor.InvokeManyAsync(_task, Enumerable.Range(0, 20).Select(n => $"{n}"), new InvokeOptions { Priority = 5 }, cancellationToken: Token);

        Assert.Equal(ids.OrderDescending(), (await _conductor.ListAsync(cancellationToken: Token)).Select(info => info.Id));
        await _database.RegisterOrchestratorAsync(_worker, "w", "1", 1, Token);
        await _database.RegisterWorkerAsync(_worker, "default", [_task], Token);
        Assert.Equal(ids, (await _database.ClaimAsync(_worker, "default", 100, null, Token)).Executions.Select(execution => execution.Id));
        Assert.Empty(await _conductor.InvokeManyAsync(_task, [], cancellationToken: Token));
        foreach (var options in new[] { new InvokeOptions { Id = Guid.NewGuid() }, new InvokeOptions { DedupeKey = "k" } })
        {
            await FailsAsync(ConductorErrorCode.InvalidArgument, () => _conductor.InvokeManyAsync(_task, ["a"], options, cancellationToken: Token));
        }
    }

    [Fact]
    public async Task A_batch_of_items_gives_each_its_own()
    {
        var items = new[]
        {
            new InvokeItem("a", JsonSerializer.SerializeToElement(1), new InvokeOptions { DedupeKey = "k" }),
            new InvokeItem("a", JsonSerializer.SerializeToElement(2), new InvokeOptions { DedupeKey = "k" }),
            new InvokeItem("b", JsonSerializer.SerializeToElement(3)),
        };

        var outcomes = await _conductor.InvokeManyAsync(items, DedupePolicy.ReturnExisting, cancellationToken: Token);

        Assert.Equal([InvokeDisposition.Created, InvokeDisposition.Existing, InvokeDisposition.Created], outcomes.Select(outcome => outcome.Disposition));
        Assert.Equal([1, 1], (await _conductor.CountAsync(cancellationToken: Token)).Select(count => count.Count));
        Assert.Empty(await _conductor.InvokeManyAsync([], cancellationToken: Token));
    }

    [Fact]
    public async Task What_cannot_be_is_refused_before_it_costs_a_call()
    {
        await FailsAsync(ConductorErrorCode.InvalidPayload, () => _conductor.InvokeAsync(_task, new string('x', 2000), cancellationToken: Token));
        await FailsAsync(ConductorErrorCode.InvalidPayload, () => _conductor.InvokeAsync(_task, "\0", cancellationToken: Token));
        await FailsAsync(ConductorErrorCode.InvalidPayload, () => _conductor.InvokeAsync("t", default, cancellationToken: Token));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => _conductor.InvokeAsync(_task, "a", new InvokeOptions { Priority = 101 }, cancellationToken: Token));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => _conductor.InvokeManyAsync(_task, ["a"], new InvokeOptions { MaxAttempts = 0 }, cancellationToken: Token));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => _conductor.InvokeManyAsync([new InvokeItem("", JsonSerializer.SerializeToElement(1))], cancellationToken: Token));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => _conductor.CreateQueueAsync("", cancellationToken: Token));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => _conductor.DropQueueAsync("a\n", cancellationToken: Token));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => _conductor.PauseQueueAsync(new string('q', 201), Token));
        await FailsAsync(ConductorErrorCode.InvalidArgument, () => _conductor.ResumeQueueAsync("\ud800", Token));
        foreach (var method in new[] { nameof(IDatabaseClient.InvokeAsync), nameof(IDatabaseClient.InvokeManyAsync), nameof(IDatabaseClient.CreateQueueAsync), nameof(IDatabaseClient.DropQueueAsync), nameof(IDatabaseClient.PauseQueueAsync) })
        {
            Assert.Equal(0, _database.Faults.Calls(method));
        }
    }

    [Fact]
    public async Task Queues_tasks_and_processes_are_steered_and_listed()
    {
        Assert.True(await _conductor.CreateQueueAsync("q", cancellationToken: Token));
        await _conductor.PauseQueueAsync("q", Token);
        Assert.True(Assert.Single(await _conductor.ListQueuesAsync(Token), queue => queue.Name == "q").Paused);
        await _conductor.ResumeQueueAsync("q", Token);
        Assert.True(await _conductor.DropQueueAsync("q", cancellationToken: Token));
        await _conductor.InvokeAsync(_task, "a", cancellationToken: Token);
        Assert.Equal("t", Assert.Single(await _conductor.ListTasksAsync(Token)).Key);
        Assert.Empty(await _conductor.ListOrchestratorsAsync(Token));
        Assert.False(await _conductor.StopOrchestratorAsync(_worker, cancellationToken: Token));
        Assert.True(await _conductor.MigrateAsync(Token) > 0);
        Assert.True((await _conductor.GetDatabaseInfoAsync(Token)).IsUpToDate);
        Assert.NotEmpty(await _conductor.GetServerSettingsAsync(Token));
        Assert.Empty(await _conductor.GetHeldHorizonAsync(TimeSpan.FromMinutes(1), Token));
    }

    [Fact]
    public async Task A_cancelled_execution_has_its_reason_cleaned_and_can_be_retried()
    {
        var handle = await _conductor.InvokeAsync(_task, "a", cancellationToken: Token);

        Assert.Equal(CancelOutcome.Cancelled, await handle.CancelAsync("why\0", Token));
        Assert.Equal("why\ufffd", (await handle.GetAsync(Token))!.Reason);
        var exception = await FailsAsync(ConductorErrorCode.ExecutionCancelled, () => handle.WaitAsync(cancellationToken: Token));
        Assert.Contains("why", exception.Message, StringComparison.Ordinal);
        await _conductor.RetryAsync(handle.Id, Token);
        Assert.Equal(ExecutionState.Ready, (await _conductor.GetAsync(handle.Id, Token))!.State);
        await Assert.ThrowsAsync<ArgumentNullException>(() => _conductor.CancelAsync(handle.Id, null!, Token));
    }

    [Fact]
    public async Task A_wait_ends_with_the_result()
    {
        var handle = await _conductor.InvokeAsync(_task, "a", cancellationToken: Token);
        var waiting = handle.WaitAsync(TimeSpan.FromMinutes(1), Token);
        await Eventually.IsTrue(() => _clock.ActiveTimers == 1, "it waits");
        await SettleAsync(OutcomeKind.Completed, "42");
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(42, await waiting);
        Assert.Equal(42, await _conductor.GetHandle<int>(handle.Id).WaitAsync(TimeSpan.Zero, Token));
        await FailsAsync(ConductorErrorCode.InvalidPayload, () => _conductor.GetHandle<Guid>(handle.Id).WaitAsync(cancellationToken: Token));
        Assert.Equal(default, await _conductor.GetHandle<NoResult>(handle.Id).WaitAsync(cancellationToken: Token));
    }

    [Fact]
    public async Task A_wait_without_a_result_is_the_default()
    {
        var handle = await _conductor.InvokeAsync(_task, "a", cancellationToken: Token);
        await SettleAsync(OutcomeKind.Completed, null);

        Assert.Equal(0, await handle.WaitAsync(cancellationToken: Token));
    }

    [Fact]
    public async Task A_wait_for_what_failed_or_is_not_known_throws_the_reason()
    {
        var handle = await _conductor.InvokeAsync(_task, "a", cancellationToken: Token);
        await SettleAsync(OutcomeKind.Dead, null);

        Assert.Contains("no reason was given", (await FailsAsync(ConductorErrorCode.ExecutionFailed, () => handle.WaitAsync(cancellationToken: Token))).Message, StringComparison.Ordinal);
        await FailsAsync(ConductorErrorCode.NotFound, () => _conductor.GetHandle<int>(Guid.NewGuid()).WaitAsync(cancellationToken: Token));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(300)]
    [InlineData(5000)]
    public async Task A_wait_lasts_as_long_as_it_was_given_and_no_longer(int milliseconds)
    {
        var start = _clock.GetUtcNow();
        var handle = await _conductor.InvokeAsync(_task, "a", cancellationToken: Token);
        var waiting = handle.WaitAsync(TimeSpan.FromMilliseconds(milliseconds), Token);
        while (!waiting.IsCompleted)
        {
            await Eventually.IsTrue(() => waiting.IsCompleted || _clock.ActiveTimers == 1, "it waits");
            _clock.Advance(waiting.IsCompleted ? TimeSpan.Zero : TimeSpan.FromMilliseconds(1));
        }

        var exception = await Assert.ThrowsAsync<TimeoutException>(() => waiting);
        Assert.Equal(milliseconds, (_clock.GetUtcNow() - start).TotalMilliseconds);
        Assert.Contains("it is ready", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wait_without_end_is_ended_by_its_token()
    {
        using var source = new CancellationTokenSource();
        var handle = await _conductor.InvokeAsync(_task, "a", cancellationToken: Token);
        var waiting = handle.WaitAsync(Timeout.InfiniteTimeSpan, source.Token);
        for (var i = 0; i < 20; i++)
        {
            await Eventually.IsTrue(() => _clock.ActiveTimers == 1, "it waits");
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        // Seldom in the end: every half second at most.
        Assert.InRange(_database.Faults.Calls(nameof(IDatabaseClient.GetExecutionAsync)), 10, 50);
        Assert.False(waiting.IsCompleted);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task Errors_of_the_database_come_with_their_code()
    {
        await FailsAsync(ConductorErrorCode.UnknownQueue, () => _conductor.InvokeAsync(_task, "a", new InvokeOptions { Queue = "nowhere" }, cancellationToken: Token));
        await _conductor.InvokeAsync(_task, "a", new InvokeOptions { DedupeKey = "k" }, cancellationToken: Token);
        await FailsAsync(ConductorErrorCode.DedupeConflict, () => _conductor.InvokeAsync(_task, "a", new InvokeOptions { DedupeKey = "k", DedupePolicy = DedupePolicy.Reject }, cancellationToken: Token));
        await FailsAsync(ConductorErrorCode.NotFound, () => _conductor.RetryAsync(Guid.NewGuid(), Token));
        Assert.Contains("ConnectionString", Assert.Throws<ConductorException>(() => new Conductor(new ConductorOptions { ConnectionString = "", MaxPayloadBytes = 0 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disposed_it_disposes_of_its_connections()
    {
        await _conductor.DisposeAsync();
        Assert.True(_database.IsDisposed);
    }

    private async Task SettleAsync(OutcomeKind kind, string? result)
    {
        await _database.RegisterOrchestratorAsync(_worker, "w", "1", 1, Token);
        await _database.RegisterWorkerAsync(_worker, "default", [_task], Token);
        var claim = await _database.ClaimAsync(_worker, "default", 1, null, Token);
        await _database.ReturnAsync(_worker, new OutcomeBatch([], [new Outcome(claim.LeaseId!.Value, 1, kind, result is null ? null : System.Text.Encoding.UTF8.GetBytes(result))]), Token);
    }

    private static async Task<ConductorException> FailsAsync(string code, Func<Task> call)
    {
        var exception = await Assert.ThrowsAsync<ConductorException>(call);
        Assert.Equal(code, exception.Code);
        return exception;
    }
}
