namespace PgConductor.Schedules;

/// <summary>A schedule to be stored; checked by <see cref="ScheduleRules"/>. Payload is JSON.</summary>
internal sealed record ScheduleSpec(string Key, string TaskKey, string Cron, ScheduleOptions Options, byte[] Payload);

/// <summary>A schedule that a service's code declares; its payload is written when the serializer is known.</summary>
internal abstract class ScheduleDeclaration(ScheduleSpec spec)
{
    /// <summary>Writes a payload of any type.</summary>
    public interface IWriter
    {
        byte[] Write<T>(T payload, string what);
    }

    public ScheduleSpec Spec => spec;

    public abstract ScheduleSpec Complete(IWriter writer);
}

/// <inheritdoc/>
internal sealed class ScheduleDeclaration<TPayload>(ScheduleSpec spec, TPayload payload) : ScheduleDeclaration(spec)
{
    public override ScheduleSpec Complete(IWriter writer) => Spec with { Payload = writer.Write(payload, $"payload of schedule \"{Spec.Key}\"") };
}
