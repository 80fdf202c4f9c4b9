using System.Text;

namespace PgConductor.Schedules;

/// <summary>What a schedule may be, checked before it costs a round trip; the SQL functions check the same, all but the expression's meaning.</summary>
internal static class ScheduleRules
{
    private const int MaxBytes = 200;
    private static readonly TimeSpan _longestTolerance = TimeSpan.FromDays(365);

    /// <summary>A spec without a payload yet, the zone by its IANA name.</summary>
    /// <exception cref="ConductorException">Code invalid-argument.</exception>
    public static ScheduleSpec Check(string key, string taskKey, string cron, ScheduleOptions? options)
    {
        CheckKey(key);
        ArgumentNullException.ThrowIfNull(cron);
        options ??= ScheduleOptions.Default;
        if (!CronExpression.TryParse(cron, out _, out var fault))
        {
            throw Invalid($"Schedule \"{key}\": {fault}");
        }

        if (options.Priority is < -100 or > 100)
        {
            throw Invalid($"Schedule \"{key}\": Priority {options.Priority} is out of range: give -100 to 100; higher runs sooner.");
        }

        if (!Enum.IsDefined(options.Missed))
        {
            throw Invalid($"Schedule \"{key}\": {options.Missed} is not a policy for missed runs: give Skip, Once or All.");
        }

        if (options.Tolerance < TimeSpan.Zero || options.Tolerance > _longestTolerance)
        {
            throw Invalid($"Schedule \"{key}\": Tolerance {options.Tolerance} is out of range: give 0 to 365 days.");
        }

        if (options.CatchUp is < 1 or > 1000)
        {
            throw Invalid($"Schedule \"{key}\": CatchUp {options.CatchUp} is out of range: give 1 to 1000.");
        }

        if (options.Queue is { } queue && Faulty(queue))
        {
            throw Invalid($"Schedule \"{key}\": \"{queue}\" cannot be a queue name: give 1 to {MaxBytes} bytes of valid text without control characters.");
        }

        return new ScheduleSpec(key, taskKey, cron, options with { TimeZone = ZoneOf(key, options.TimeZone) }, []);
    }

    /// <exception cref="ConductorException">Code invalid-argument.</exception>
    public static void CheckKey(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (Faulty(key))
        {
            throw Invalid($"\"{key}\" cannot be a schedule's key: give 1 to {MaxBytes} bytes of valid text without control characters.");
        }
    }

    private static string ZoneOf(string key, string timeZone)
    {
        try
        {
            return ScheduleTimeZone.Find(timeZone).Id;
        }
        catch (ConductorException exception)
        {
            throw Invalid($"Schedule \"{key}\": {exception.Message}");
        }
    }

    private static bool Faulty(string text) =>
        text.Length == 0 || text.Any(char.IsControl) || Encoding.UTF8.GetByteCount(text) > MaxBytes || StorableText.FindFault(text) is not null;

    private static ConductorException Invalid(string message) => new(ConductorErrorCode.InvalidArgument, message);
}
