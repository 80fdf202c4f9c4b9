using Microsoft.Extensions.DependencyInjection;
using PgConductor.Client;
using PgConductor.IntegrationTests.Hosting;
using PgConductor.Orchestration;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Guides;

#pragma warning disable xUnit1051 // What is quoted is written as a reader would write it.

/// <summary>The code that docs/guides quotes, run.</summary>
public sealed class GuideTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // docs:start retries
    private static readonly TaskDefinition<string, NoResult> _fetchPage = TaskDefinition.Create<string>("fetch-page", new TaskOptions
    {
        MaxAttempts = 3,
        Backoff = [TimeSpan.Zero, TimeSpan.FromMinutes(5)],
        Timeout = TimeSpan.FromSeconds(30),
    });

    private static Task FetchPageAsync(string url, TaskContext context) => (url, context.Attempt) switch
    {
        // Dead-lettered at once: another attempt would not help.
        ("not a url", _) => throw new NonRetryableException($"\"{url}\" is not a URL"),

        // The server said when to come back: that pause instead of the backoff.
        ("https://busy.example.org", 1) => throw new RetryAfterException(TimeSpan.FromMilliseconds(50), "the server is busy"),

        // Any other exception: the next attempt after the task's backoff, or the dead letters after the last.
        ("https://broken.example.org", _) => throw new InvalidOperationException("no answer"),

        _ => Task.CompletedTask,
    };
    // docs:end

    [Fact]
    public async Task Retries()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        await using var orchestrator = new Orchestrator(conductor, new TaskCollection().Add(_fetchPage, FetchPageAsync));
        await orchestrator.StartAsync(Token);

        var busy = await conductor.InvokeAsync(_fetchPage, "https://busy.example.org", cancellationToken: Token);
        var wrong = await conductor.InvokeAsync(_fetchPage, "not a url", cancellationToken: Token);
        var broken = await conductor.InvokeAsync(_fetchPage, "https://broken.example.org", new InvokeOptions { MaxAttempts = 2 }, cancellationToken: Token);

        await busy.WaitAsync(TimeSpan.FromSeconds(60), Token);
        Assert.Equal(2, (await busy.GetAsync(Token))!.Attempts);
        var exception = await Assert.ThrowsAsync<ConductorException>(() => wrong.WaitAsync(TimeSpan.FromSeconds(60), Token));
        Assert.Equal(ConductorErrorCode.ExecutionFailed, exception.Code);
        await Assert.ThrowsAsync<ConductorException>(() => broken.WaitAsync(TimeSpan.FromSeconds(60), Token));
        Assert.Equal(2, (await broken.GetAsync(Token))!.Attempts);

        // docs:start dead-letters
        foreach (var dead in await conductor.ListAsync(new ExecutionQuery { State = ExecutionState.Failed, TaskKey = "fetch-page" }))
        {
            Console.WriteLine($"{dead.Id} failed {dead.Attempts} times: {dead.Reason}");
            await conductor.RetryAsync(dead.Id); // now, with all its attempts again
        }
        // docs:end

        await Eventually.IsTrue(
            async () => (await conductor.GetAsync(broken.Id, Token)) is { State: ExecutionState.Failed, Errors: { } errors } && errors.GetArrayLength() == 4,
            "the retried one failed again, and its errors are kept");
        await orchestrator.StopAsync(Token);
    }

    [Fact]
    public async Task Dedupe()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        var reindex = TaskDefinition.Create<int>("reindex");

        // docs:start dedupe
        var first = await conductor.InvokeAsync(reindex, 1, new InvokeOptions { DedupeKey = "customer-7", RunAt = DateTimeOffset.MaxValue.AddYears(-1) });

        // The default: the one that waits is returned, unchanged.
        var same = await conductor.InvokeAsync(reindex, 2, new InvokeOptions { DedupeKey = "customer-7" });

        // Or it takes the new payload and time.
        var replaced = await conductor.InvokeAsync(reindex, 3, new InvokeOptions { DedupeKey = "customer-7", DedupePolicy = DedupePolicy.ReplacePending });
        // docs:end

        Assert.Equal((first.Id, InvokeDisposition.Existing), (same.Id, same.Disposition));
        Assert.Equal((first.Id, InvokeDisposition.Replaced), (replaced.Id, replaced.Disposition));
        Assert.Equal(3, (await replaced.GetAsync(Token))!.Payload!.Value.GetInt32());
        var refused = await Assert.ThrowsAsync<ConductorException>(() =>
            conductor.InvokeAsync(reindex, 4, new InvokeOptions { DedupeKey = "customer-7", DedupePolicy = DedupePolicy.Reject }, cancellationToken: Token));
        Assert.Equal(ConductorErrorCode.DedupeConflict, refused.Code);
    }

    [Fact]
    public async Task Cancellation()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var conductor = database.NewConductor();
        var started = new TaskCompletionSource();

        // docs:start cancellation
        var export = TaskDefinition.Create<string>("export");
        var tasks = new TaskCollection().Add(export, async (folder, context) =>
        {
            started.TrySetResult();

            // Ends with an OperationCanceledException when somebody cancels the execution.
            await Task.Delay(Timeout.InfiniteTimeSpan, context.CancellationToken);
        });
        // docs:end
        await using var orchestrator = new Orchestrator(conductor, tasks);
        await orchestrator.StartAsync(Token);
        var handle = await conductor.InvokeAsync(export, "/data", cancellationToken: Token);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);

        // docs:start cancel
        var outcome = await conductor.CancelAsync(handle.Id, "the customer changed his mind");
        Console.WriteLine(outcome switch
        {
            CancelOutcome.Cancelled => "it was not running and never will",
            CancelOutcome.Requested => "it is running, and its process was told",
            CancelOutcome.Finished => "too late: it has its outcome",
            _ => "there is no such execution",
        });
        // docs:end

        Assert.Equal(CancelOutcome.Requested, outcome);
        var exception = await Assert.ThrowsAsync<ConductorException>(() => handle.WaitAsync(TimeSpan.FromSeconds(60), Token));
        Assert.Equal(ConductorErrorCode.ExecutionCancelled, exception.Code);
        Assert.Contains("the customer changed his mind", exception.Message, StringComparison.Ordinal);
        await orchestrator.StopAsync(Token);
    }

    [Fact]
    public async Task Hosting()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var host = await TestHost.StartAsync(
            database,
            pgConductor =>
            {
                // docs:start hosting
                pgConductor
                    .AddTask(MailTasks.Count, (text, _) => Task.FromResult(text.Length))
                    .AddTask<SendMailHandler, Mail>(MailTasks.Send)
                    .ConfigureWorker("mail", worker => worker with { Concurrency = 2 });
                // docs:end
            },
            services =>
            {
                services.AddScoped<MailServer>();
                services.AddSingleton<Outbox>();
            });
        var conductor = host.Services.GetRequiredService<IConductor>();

        var count = await conductor.InvokeAsync(MailTasks.Count, "four", cancellationToken: Token);
        var send = await conductor.InvokeAsync(MailTasks.Send, new Mail("ada@example.org", "Hello"), cancellationToken: Token);

        Assert.Equal(4, await count.WaitAsync(TimeSpan.FromSeconds(60), Token));
        await send.WaitAsync(TimeSpan.FromSeconds(60), Token);
        Assert.Equal([(send.Id, "ada@example.org")], host.Services.GetRequiredService<Outbox>().Sent);
        Assert.Equal(["default", "mail"], host.Services.GetRequiredService<Orchestrator>().Queues);
        await host.StopAsync(Token);
    }

    // docs:start tasks
    internal sealed record Mail(string To, string Text);

    /// <summary>Shared by those who enqueue and those who run.</summary>
    internal static class MailTasks
    {
        public static TaskDefinition<string, int> Count { get; } = TaskDefinition.Create<string, int>("count");

        public static TaskDefinition<Mail, NoResult> Send { get; } = TaskDefinition.Create<Mail>("send-mail", new TaskOptions { Queue = "mail" });
    }

    internal sealed class SendMailHandler(MailServer server) : ITaskHandler<Mail>
    {
        // The execution's id is the same in every attempt: whoever receives it can tell a repetition.
        public Task RunAsync(Mail mail, TaskContext context) => server.SendAsync(context.ExecutionId, mail, context.CancellationToken);
    }
    // docs:end

    internal sealed class Outbox
    {
        public List<(Guid Id, string To)> Sent { get; } = [];
    }

    internal sealed class MailServer(Outbox outbox)
    {
        public Task SendAsync(Guid id, Mail mail, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            outbox.Sent.Add((id, mail.To));
            return Task.CompletedTask;
        }
    }
}
