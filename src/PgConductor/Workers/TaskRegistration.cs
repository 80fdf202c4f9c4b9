using PgConductor.Serialization;

namespace PgConductor.Workers;

/// <summary>A task with its handler, its types forgotten.</summary>
internal abstract class TaskRegistration
{
    public static readonly Task<NoResult> NoResultTask = Task.FromResult(default(NoResult));

    public abstract TaskDefinition Definition { get; }

    /// <summary>Runs the handler. Returns the result as JSON; null when there is none.</summary>
    /// <exception cref="ResultException">The handler returned what cannot be stored.</exception>
    public abstract ValueTask<byte[]?> RunAsync(byte[] payload, TaskContext context, PayloadSerializer serializer);
}

/// <summary>A task with its handler.</summary>
internal sealed class TaskRegistration<TPayload, TResult>(TaskDefinition<TPayload, TResult> definition, Func<TPayload, TaskContext, Task<TResult>> handler) : TaskRegistration
{
    private readonly string _payloadName = $"payload of task \"{definition.Key}\"";
    private readonly string _resultName = $"result of task \"{definition.Key}\"";

    public override TaskDefinition Definition => definition;

    public override ValueTask<byte[]?> RunAsync(byte[] payload, TaskContext context, PayloadSerializer serializer)
    {
        var running = handler(serializer.Deserialize<TPayload>(payload, _payloadName), context);
        return running.IsCompletedSuccessfully ? new(Write(running.Result, serializer)) : AwaitAsync(running, serializer);
    }

    private async ValueTask<byte[]?> AwaitAsync(Task<TResult> running, PayloadSerializer serializer) =>
        Write(await running.ConfigureAwait(false), serializer);

    private byte[]? Write(TResult result, PayloadSerializer serializer)
    {
        // A null result is none: it would be read back as null all the same.
        if (typeof(TResult) == typeof(NoResult) || result is null)
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
}

/// <summary>A handler did its work and returned what cannot be stored: doing the work again would not help.</summary>
internal sealed class ResultException(ConductorException inner) : Exception(inner.Message, inner);
