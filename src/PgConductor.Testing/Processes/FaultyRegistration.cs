using PgConductor.Serialization;
using PgConductor.Workers;

namespace PgConductor.Testing.Processes;

/// <summary>A task whose attempts fail as the test ordered, before its own handler.</summary>
internal sealed class FaultyRegistration(TaskRegistration inner, HandlerFaults faults) : TaskRegistration
{
    public override TaskDefinition Definition => inner.Definition;

    public static TaskCollection Wrap(TaskCollection tasks, HandlerFaults faults)
    {
        var wrapped = new TaskCollection();
        foreach (var registration in tasks.Registrations)
        {
            wrapped.Add(new FaultyRegistration(registration, faults));
        }

        return wrapped;
    }

    public override ValueTask<byte[]?> RunAsync(byte[] payload, TaskContext context, PayloadSerializer serializer)
    {
        faults.Meet(Definition.Key);
        return inner.RunAsync(payload, context, serializer);
    }
}
