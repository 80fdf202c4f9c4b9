using PgConductor.Serialization;
using PgConductor.Workers;

namespace PgConductor.Testing.Processes;

/// <summary>A batch task whose batches fail as the test ordered, before its own handler.</summary>
internal sealed class FaultyBatchRegistration(BatchRegistration inner, HandlerFaults faults) : BatchRegistration
{
    public override TaskDefinition Definition => inner.Definition;

    public override bool CompletesSilently => inner.CompletesSilently;

    public override Task RunAsync(RunningBatch batch, PayloadSerializer serializer)
    {
        faults.Meet(Definition.Key);
        return inner.RunAsync(batch, serializer);
    }
}
