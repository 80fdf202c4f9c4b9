namespace PgConductor.Schedules;

/// <summary>Which ticks of a schedule to run now, and which one comes next.</summary>
/// <remarks>
/// Depends on nothing but its arguments, and a tick is known by the instant it was planned for, not by when somebody saw it. So
/// processes with the same schedule and the same last tick name the same ticks, whatever their clocks say: a clock decides only
/// whether a tick is due already. Who stores the last tick and the runs in one transaction produces each tick once.
/// </remarks>
/// <param name="Due">The instants to run, oldest first.</param>
/// <param name="Last">The latest tick that is decided, run or not: the next plan's last tick. Never earlier than this plan's.</param>
/// <param name="Next">The tick after it; null if there is none.</param>
/// <param name="Dropped">Whether ticks were missed that will not be run.</param>
internal readonly record struct MissedRunPlan(IReadOnlyList<DateTimeOffset> Due, DateTimeOffset Last, DateTimeOffset? Next, bool Dropped)
{
    /// <summary>Decides what to do about the ticks after the last one.</summary>
    /// <param name="expression">When the schedule runs.</param>
    /// <param name="zone">By whose clock.</param>
    /// <param name="last">The last tick decided; of a new or resumed schedule, the instant it was made or resumed.</param>
    /// <param name="now">The database's time.</param>
    /// <param name="policy">What to do about ticks that are older than <paramref name="tolerance"/>.</param>
    /// <param name="tolerance">How late a tick may be seen without being missed; not negative.</param>
    /// <param name="bound">The most runs at a time; at least 1. Of more, the oldest are dropped.</param>
    /// <exception cref="ConductorException">With <see cref="ConductorErrorCode.InvalidArgument"/>: a value is out of range.</exception>
    public static MissedRunPlan Make(CronExpression expression, TimeZoneInfo zone, DateTimeOffset last, DateTimeOffset now, MissedRuns policy, TimeSpan tolerance, int bound)
    {
        Check(policy, tolerance, bound);
        var next = expression.Next(last, zone);
        if (next is null || next > now)
        {
            // Also if the clock went back: what is decided stays decided.
            return new([], last, next, false);
        }

        var onTime = now - DateTimeOffset.MinValue > tolerance ? now - tolerance : DateTimeOffset.MinValue;
        var missed = next < onTime;
        var due = policy switch
        {
            MissedRuns.Once when missed => Newest(expression, zone, last, now, 1),
            // The instant that is exactly as old as the tolerance is on time.
            MissedRuns.Skip when missed => Newest(expression, zone, onTime.AddTicks(-1), now, bound),
            _ => Newest(expression, zone, last, now, bound),
        };
        var latest = due.Count > 0 ? due[^1] : Newest(expression, zone, last, now, 1)[0];
        return new(due, latest, expression.Next(latest, zone), due.Count == 0 || due[0] != next);
    }

    /// <summary>The newest ticks of a time, oldest first, without looking at all the others.</summary>
    private static List<DateTimeOffset> Newest(CronExpression expression, TimeZoneInfo zone, DateTimeOffset after, DateTimeOffset upTo, int count)
    {
        // Looks back over twice the time until there are enough.
        for (var window = TimeSpan.FromMinutes(1); ; window *= 2)
        {
            var all = upTo - after <= window;
            var found = new Queue<DateTimeOffset>();
            foreach (var tick in expression.Between(all ? after : upTo - window, upTo, zone, int.MaxValue))
            {
                found.Enqueue(tick);
                if (found.Count > count)
                {
                    found.Dequeue();
                }
            }

            if (all || found.Count == count)
            {
                return [.. found];
            }
        }
    }

    private static void Check(MissedRuns policy, TimeSpan tolerance, int bound)
    {
        if (!Enum.IsDefined(policy))
        {
            throw Invalid($"{policy} is not a policy for missed runs: give Skip, Once or All.");
        }

        if (tolerance < TimeSpan.Zero)
        {
            throw Invalid($"A tolerance of {tolerance} is not possible: give zero or more.");
        }

        if (bound < 1)
        {
            throw Invalid($"A bound of {bound} runs is not possible: give 1 or more.");
        }
    }

    private static ConductorException Invalid(string message) => new(ConductorErrorCode.InvalidArgument, message);
}
