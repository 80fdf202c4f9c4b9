using PgConductor.Serialization;
using PgConductor.Workers;

namespace PgConductor.Testing.Processes;

/// <summary>A task whose attempts fail as the test ordered, before its own handler.</summary>
internal sealed class FaultyRegistration(TaskRegistration inner, HandlerFaults faults) : TaskRegistration
{
    public override TaskDefinition Definition => inner.Definition;

    public override ValueTask<byte[]?> RunAsync(byte[] payload, TaskContext context, PayloadSerializer serializer)
    {
        faults.Meet(Definition.Key);
        return inner.RunAsync(payload, context, serializer);
    }
}
