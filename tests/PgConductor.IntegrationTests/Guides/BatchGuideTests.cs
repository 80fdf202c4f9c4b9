using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using PgConductor.IntegrationTests.Support;
using Xunit;

namespace PgConductor.IntegrationTests.Guides;

#pragma warning disable xUnit1051 // What is quoted is written as a reader would write it.

/// <summary>The code that docs/guides/batch-tasks.md quotes, run.</summary>
public sealed class BatchGuideTests
{
    // docs:start batch-task
    private static readonly TaskDefinition<Mail, string> _send = TaskDefinition.Create<Mail, string>(
        "send-mail",
        new TaskOptions { Batch = new BatchOptions { Size = 100, Wait = TimeSpan.FromSeconds(1) }, MaxAttempts = 5 });
    // docs:end

    [Fact]
    public async Task Partial_success()
    {
        await using var engine = await TestEngine.CreateAsync();
        var gateway = new Gateway();

        // docs:start batch-add
        var tasks = new TaskCollection().AddBatch(_send, async batch =>
        {
            var answers = await gateway.SendAsync(batch.Items.Select(item => item.Payload), batch.CancellationToken);
            foreach (var (item, answer) in batch.Items.Zip(answers))
            {
                if (answer.Accepted)
                {
                    item.Complete(answer.MessageId);
                }
                else if (answer.IsPermanent)
                {
                    item.Fail(new NonRetryableException(answer.Error));
                }
                else
                {
                    item.Fail(new InvalidOperationException(answer.Error));
                }
            }
        });
        // docs:end
        await engine.StartAsync(tasks);
        var good = await engine.Conductor.InvokeAsync(_send, new Mail("ann"));
        var never = await engine.Conductor.InvokeAsync(_send, new Mail("nobody"));
        var later = await engine.Conductor.InvokeAsync(_send, new Mail("busy"));

        Assert.Equal("sent to ann", await good.WaitAsync(TimeSpan.FromSeconds(60)));
        await engine.IsAsync(never.Id, ExecutionState.Failed);
        await engine.IsAsync(later.Id, ExecutionState.Scheduled);
        Assert.Equal("no such address", (await never.GetAsync())!.Reason);
    }

    [Fact]
    public async Task A_class()
    {
        await using var engine = await TestEngine.CreateAsync();
        var index = new Index();
        await using var services = new ServiceCollection().AddSingleton(index).BuildServiceProvider();
        var task = TaskDefinition.Create<int>("index", new TaskOptions { Batch = new BatchOptions { Size = 10, Wait = TimeSpan.FromMilliseconds(50) } });
        await engine.StartAsync(new TaskCollection().AddBatch<Indexer, int, NoResult>(task), services: services);

        await engine.Conductor.InvokeManyAsync(task, Enumerable.Range(0, 30));
        await engine.IsDoneAsync();

        Assert.Equal(Enumerable.Range(0, 30), index.Added.Order());
    }

    [Fact]
    public async Task Cancelled_items_are_left_out()
    {
        await using var engine = await TestEngine.CreateAsync();
        var task = TaskDefinition.Create<int>("import", new TaskOptions { Batch = new BatchOptions { Size = 3, Wait = TimeSpan.FromSeconds(10) } });
        var imported = new ConcurrentQueue<int>();
        var started = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        async Task ImportAsync(int number)
        {
            imported.Enqueue(number);
            started.TrySetResult();
            await cancelled.Task;
        }

        await engine.StartAsync(new TaskCollection().AddBatch(task, async batch =>
        {
            batch.Items[1].CancellationToken.Register(() => cancelled.TrySetResult());

            // docs:start batch-cancel
            foreach (var item in batch.Items)
            {
                if (item.CancellationToken.IsCancellationRequested)
                {
                    continue;
                }

                await ImportAsync(item.Payload);
                item.Complete();
            }

            // docs:end
        }));
        var ids = await engine.Conductor.InvokeManyAsync(task, Enumerable.Range(0, 3));
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await engine.Conductor.CancelAsync(ids[1]);

        await engine.IsAsync(ids[1], ExecutionState.Cancelled);
        await engine.IsAsync(ids[2], ExecutionState.Completed);
        Assert.Equal([0, 2], imported);
    }

    internal sealed record Mail(string To);

    // docs:start batch-class
    public sealed class Indexer(Index index) : IBatchTaskHandler<int, NoResult>
    {
        public Task RunAsync(BatchContext<int, NoResult> batch) =>
            index.AddAsync([.. batch.Items.Select(item => item.Payload)], batch.CancellationToken);
    }
    // docs:end

    public sealed class Index
    {
        internal ConcurrentQueue<int> Added { get; } = new();

        internal Task AddAsync(IReadOnlyList<int> numbers, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var number in numbers)
            {
                Added.Enqueue(number);
            }

            return Task.CompletedTask;
        }
    }

    private sealed record Answer(bool Accepted, bool IsPermanent, string Error, string MessageId);

    private sealed class Gateway
    {
        public Task<IReadOnlyList<Answer>> SendAsync(IEnumerable<Mail> mails, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Task.FromResult<IReadOnlyList<Answer>>([.. mails.Select(mail => mail.To switch
            {
                "nobody" => new Answer(false, true, "no such address", ""),
                "busy" => new Answer(false, false, "try later", ""),
                _ => new Answer(true, false, "", $"sent to {mail.To}"),
            })]);
        }
    }
}
