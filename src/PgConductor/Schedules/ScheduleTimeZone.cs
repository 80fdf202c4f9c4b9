namespace PgConductor.Schedules;

/// <summary>Finds the time zones of schedules by their names.</summary>
public static class ScheduleTimeZone
{
    /// <summary>Names that tz databases have and that mean something else on every machine.</summary>
    private static readonly string[] _local = ["local", "localtime", "posixrules"];

    /// <summary>A time zone of this machine.</summary>
    /// <param name="id">
    /// An IANA name such as "Europe/Berlin", in its exact spelling, or "UTC". A Windows name such as "W. Europe Standard Time" gives
    /// the IANA zone that stands for it, so that the name to be stored is the same on every system.
    /// </param>
    /// <exception cref="ConductorException">With <see cref="ConductorErrorCode.InvalidArgument"/>: this machine knows no such zone, or the name means the machine's own.</exception>
    public static TimeZoneInfo Find(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (_local.Contains(id, StringComparer.OrdinalIgnoreCase))
        {
            throw Invalid($"The time zone \"{id}\" is another one on every machine: give an IANA name such as \"Europe/Berlin\", or \"UTC\".");
        }

        if (id.StartsWith("right/", StringComparison.OrdinalIgnoreCase))
        {
            throw Invalid($"The time zone \"{id}\" counts leap seconds, which no clock here does: give it without \"right/\".");
        }

        if (!TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone))
        {
            throw Invalid($"The time zone \"{id}\" is not known to this machine: give an IANA name in its exact spelling, such as \"Europe/Berlin\" or \"UTC\"; if the name is right, install or update the system's time zone data (tzdata).");
        }

        return !zone.HasIanaId && TimeZoneInfo.TryConvertWindowsIdToIanaId(zone.Id, out var iana) && TimeZoneInfo.TryFindSystemTimeZoneById(iana, out var ianaZone) ? ianaZone : zone;
    }

    private static ConductorException Invalid(string message) => new(ConductorErrorCode.InvalidArgument, message);
}
