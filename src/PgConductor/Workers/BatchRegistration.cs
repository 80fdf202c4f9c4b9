using Microsoft.Extensions.Logging;
using PgConductor.Client;
using PgConductor.Serialization;

namespace PgConductor.Workers;

/// <summary>A batch task with its handler, its types forgotten.</summary>
internal abstract class BatchRegistration : TaskRegistration
{
    /// <summary>How its executions are gathered.</summary>
    public BatchOptions Options => Definition.Options.Batch!;

    /// <summary>Whether items are completed when the handler returns without having said anything of them.</summary>
    public abstract bool CompletesSilently { get; }

    /// <summary>Runs the handler with all executions of the batch that can be read; the others have failed when it returns.</summary>
    public abstract Task RunAsync(RunningBatch batch, PayloadSerializer serializer);

    /// <summary>A worker never runs a single execution of it.</summary>
    public sealed override ValueTask<byte[]?> RunAsync(byte[] payload, TaskContext context, PayloadSerializer serializer) =>
        throw new InvalidOperationException($"The task \"{Definition.Key}\" is run in batches.");
}

/// <summary>A batch task with its handler.</summary>
internal sealed class BatchRegistration<TPayload, TResult>(TaskDefinition<TPayload, TResult> definition, Func<BatchContext<TPayload, TResult>, Task> handler) : BatchRegistration
{
    private readonly string _payloadName = $"payload of task \"{definition.Key}\"";
    private readonly string _resultName = $"result of task \"{definition.Key}\"";

    public override TaskDefinition Definition => definition;

    public override bool CompletesSilently => typeof(TResult) == typeof(NoResult);

    public override Task RunAsync(RunningBatch batch, PayloadSerializer serializer)
    {
        var items = new List<Item>(batch.Items.Count);
        foreach (var execution in batch.Items)
        {
            try
            {
                items.Add(new Item(batch, execution, serializer.Deserialize<TPayload>(execution.Claimed.Payload, _payloadName), this, serializer));
            }
            catch (ConductorException exception)
            {
                // Its own fault, and nobody else's.
                batch.Fail(execution, exception);
            }
        }

        return items.Count == 0 ? Task.CompletedTask : handler(new Context(batch, items));
    }

    private byte[]? Write(TResult result, PayloadSerializer serializer)
    {
        if (CompletesSilently || result is null)
        {
            return null;
        }

        try
        {
            return serializer.Serialize(result, _resultName);
        }
        catch (ConductorException exception)
        {
            throw new ResultException(exception);
        }
    }

    private sealed class Context(RunningBatch batch, IReadOnlyList<Item> items) : BatchContext<TPayload, TResult>
    {
        public override IReadOnlyList<BatchItem<TPayload, TResult>> Items => items;

        public override string TaskKey => batch.TaskKey;

        public override string Queue => batch.Queue;

        public override CancellationToken CancellationToken => batch.CancellationToken;

        public override IServiceProvider Services => batch.Services;

        public override ILogger Logger => batch.Logger;

        public override IConductor Conductor => batch.Conductor;
    }

    private sealed class Item(RunningBatch batch, RunningExecution execution, TPayload payload, BatchRegistration<TPayload, TResult> task, PayloadSerializer serializer) : BatchItem<TPayload, TResult>
    {
        private ILogger? _logger;

        public override Guid ExecutionId => execution.ExecutionId;

        public override int Attempt => execution.Attempt;

        public override DateTimeOffset CreatedAt => execution.CreatedAt;

        public override TPayload Payload => payload;

        public override CancellationToken CancellationToken => execution.CancellationToken;

        public override ILogger Logger => _logger ??= new BatchItemLogger(batch, execution);

        public override bool HasOutcome => execution.HasEnded;

        public override void Complete(TResult result)
        {
            byte[]? json;
            try
            {
                json = task.Write(result, serializer);
            }
            catch (ResultException exception)
            {
                Fail(exception);
                return;
            }

            Check(batch.Complete(execution, json));
        }

        public override void Fail(Exception error)
        {
            ArgumentNullException.ThrowIfNull(error);
            Check(batch.Fail(execution, error));
        }

        public override void Cancel(string reason)
        {
            ArgumentNullException.ThrowIfNull(reason);
            Check(batch.Cancel(execution, reason));
        }

        private void Check(bool given)
        {
            if (!given)
            {
                throw new InvalidOperationException($"Execution {ExecutionId} of task \"{batch.TaskKey}\" has its outcome already, or its batch has ended: give each item one outcome, before the handler returns.");
            }
        }
    }
}
