using System.Text;
using System.Text.Json;
using PgConductor.Client;
using PgConductor.Database;
using Xunit;

namespace PgConductor.ConformanceTests;

/// <summary>What every suite needs: the subject, a registered process, and short ways to invoke, claim and return.</summary>
public abstract class ConformanceTest(Backend backend) : IAsyncLifetime
{
    private protected static readonly TaskDefinition<int, NoResult> Plain = TaskDefinition.Create<int>("plain", new TaskOptions { KeepCompleted = Retention.None });
    private protected static readonly TaskDefinition<int, int> Kept = TaskDefinition.Create<int, int>("kept", new TaskOptions { MaxAttempts = 3, Backoff = [TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60)], BackoffJitter = 0 });

    private Subject? _subject;

    private protected Subject Subject => _subject!;

    private protected IDatabaseClient Client => Subject.Client;

    /// <summary>A process that is registered for the default queue with both tasks.</summary>
    private protected Guid Me { get; } = Guid.CreateVersion7();

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _subject = await Subject.CreateAsync(backend);
        await RegisterAsync(Me, Plain, Kept);
    }

    public async ValueTask DisposeAsync()
    {
        await Subject.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected async Task RegisterAsync(Guid id, params TaskDefinition[] tasks)
    {
        await Client.RegisterOrchestratorAsync(id, $"name of {id}", "1.2.3", 1, Token);
        await Client.RegisterWorkerAsync(id, "default", tasks, Token);
    }

    private protected static Invocation Make(TaskDefinition task, string payload = "1", string? queue = null, DateTimeOffset? runAt = null, int priority = 0, int? maxAttempts = null, string? dedupeKey = null, Guid? id = null, bool mayBeKnown = false) =>
        new(id ?? Guid.CreateVersion7(), task.Key, Encoding.UTF8.GetBytes(payload), queue, runAt, priority, maxAttempts, dedupeKey, null, mayBeKnown);

    private protected Task<InvokeOutcome> InvokeAsync(Invocation invocation, DedupePolicy policy = DedupePolicy.ReturnExisting) => Client.InvokeAsync(invocation, policy, null, Token);

    private protected async Task<Guid> InvokeAsync(TaskDefinition task) => (await InvokeAsync(Make(task))).Id;

    private protected async Task<Claim> ClaimAsync(int limit = 100, string? position = null, Guid? who = null, string queue = "default") =>
        await Client.ClaimAsync(who ?? Me, queue, limit, position, Token);

    private protected async Task<IReadOnlyList<Settlement>> ReturnAsync(params Outcome[] outcomes) => await Client.ReturnAsync(Me, new OutcomeBatch([], outcomes), Token);

    private protected Task<IReadOnlyList<Settlement>> ReturnWholeAsync(params long[] leases) => Client.ReturnAsync(Me, new OutcomeBatch(leases, []), Token);

    /// <summary>Invokes, claims, and returns with one outcome.</summary>
    private protected async Task<(Guid Id, Effect Effect)> SettleAsync(TaskDefinition task, OutcomeKind kind, byte[]? result = null, byte[]? error = null, TimeSpan? delay = null, int? maxAttempts = null)
    {
        var id = (await InvokeAsync(Make(task, maxAttempts: maxAttempts))).Id;
        var claim = await ClaimAsync();
        Assert.Equal(id, Assert.Single(claim.Executions).Id);
        return (id, Assert.Single(await ReturnAsync(new Outcome(claim.LeaseId!.Value, 1, kind, result, error, delay))).Effect);
    }

    private protected async Task<ExecutionInfo> GetAsync(Guid id) => await Client.GetExecutionAsync(id, Token) ?? throw new InvalidOperationException($"{id} is not known.");

    private protected static byte[] Error(string message) => JsonSerializer.SerializeToUtf8Bytes(new { type = "T", message });

    private protected static byte[] Json(string text) => Encoding.UTF8.GetBytes(text);

    private protected static async Task<ConductorException> FailsAsync(string code, Func<Task> call)
    {
        var exception = await Assert.ThrowsAsync<ConductorException>(call);
        Assert.Equal(code, exception.Code);
        return exception;
    }
}
