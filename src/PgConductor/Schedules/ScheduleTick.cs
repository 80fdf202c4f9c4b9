using System.Buffers.Binary;

namespace PgConductor.Schedules;

/// <summary>Tells for which instant a schedule made a run.</summary>
public static class ScheduleTick
{
    /// <summary>The instant, in UTC, that a run was planned for, however late it started: a run that is made up for is of the time that was missed.</summary>
    /// <param name="executionId">The run's id, which begins with the tick's time. Of an execution that no schedule made, the time at which its id was made.</param>
    /// <exception cref="ConductorException">Code invalid-argument: the id is not a UUIDv7.</exception>
    public static DateTimeOffset Of(Guid executionId)
    {
        if (executionId.Version != 7)
        {
            throw new ConductorException(ConductorErrorCode.InvalidArgument, $"The id {executionId} has no time in it: give that of an execution that a schedule made.");
        }

        Span<byte> bytes = stackalloc byte[16];
        executionId.TryWriteBytes(bytes, bigEndian: true, out _);
        return DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(bytes) >> 16);
    }
}
