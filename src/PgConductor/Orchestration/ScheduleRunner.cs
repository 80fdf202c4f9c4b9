using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Diagnostics;
using PgConductor.Schedules;

namespace PgConductor.Orchestration;

/// <summary>One look at the schedules: decides the ticks of those that are due and has their runs enqueued.</summary>
/// <remarks>
/// Holds nothing between reading and storing. Any number of processes may look at the same schedules, at any time and by any clock of their own:
/// ticks are decided by the database's time, and whoever stores first wins. One that dies or freezes half-way has done nothing.
/// </remarks>
internal sealed class ScheduleRunner(IScheduleStore database, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>Schedules read at a time, and runs stored at a time (one schedule's are never divided).</summary>
    private const int Batch = 500;
    private static readonly TimeSpan _skipUnreadable = TimeSpan.FromMinutes(1);

    private readonly Dictionary<(string Key, long Revision), long> _unreadable = [];

    /// <summary>Enqueues what is due.</summary>
    /// <returns>How long until the next schedule is due, as far as this look could see; null: none is.</returns>
    public async Task<TimeSpan?> RunDueAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var due = await database.GetDueSchedulesAsync(Batch, Unreadable(), cancellationToken).ConfigureAwait(false);
            var looked = timeProvider.GetTimestamp();
            var next = due.NextIn;
            var plans = new List<(DueSchedule Schedule, MissedRunPlan Plan)>(due.Schedules.Count);
            foreach (var schedule in due.Schedules)
            {
                if (await PlanAsync(schedule, due.LookedAt, cancellationToken).ConfigureAwait(false) is { } plan)
                {
                    plans.Add((schedule, plan));
                    var nextIn = plan.Next - due.LookedAt;
                    next = next is null || nextIn < next ? nextIn ?? next : next;
                }
            }

            await StoreAsync(plans, cancellationToken).ConfigureAwait(false);
            if (due.Schedules.Count < Batch)
            {
                return next - timeProvider.GetElapsedTime(looked);
            }
        }
    }

    private async Task<MissedRunPlan?> PlanAsync(DueSchedule schedule, DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            return MissedRunPlan.Make(CronExpression.Parse(schedule.Cron), ScheduleTimeZone.Find(schedule.TimeZone), schedule.LastTick, now, schedule.Missed, schedule.Tolerance, schedule.CatchUp);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The others go on. Another machine may know the zone, so it stays due for them.
            _unreadable[(schedule.Key, schedule.Revision)] = timeProvider.GetTimestamp();
            Telemetry.ScheduleFailed(schedule.TaskKey);
            SchedulerLog.Unreadable(logger, schedule.Key, _skipUnreadable, exception);
            await database.ReportScheduleFaultAsync(schedule.Key, schedule.Revision, exception.Message, cancellationToken).ConfigureAwait(false);
            return null;
        }
    }

    private async Task StoreAsync(List<(DueSchedule Schedule, MissedRunPlan Plan)> plans, CancellationToken cancellationToken)
    {
        for (var start = 0; start < plans.Count;)
        {
            var end = start;
            for (var runs = 0; end < plans.Count && (end == start || runs + plans[end].Plan.Due.Count <= Batch); end++)
            {
                runs += plans[end].Plan.Due.Count;
            }

            var part = plans[start..end];
            var advances = part.ConvertAll(static plan => new ScheduleAdvance(plan.Schedule.Key, plan.Schedule.Revision, plan.Plan.Last, plan.Plan.Next, plan.Plan.Due));
            var answers = await database.AdvanceSchedulesAsync(advances, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < part.Count; i++)
            {
                Report(part[i].Schedule, part[i].Plan, answers[i]);
            }

            start = end;
        }
    }

    private void Report(DueSchedule schedule, in MissedRunPlan plan, AdvanceAnswer answer)
    {
        if (answer.Effect == AdvanceEffect.Failed)
        {
            Telemetry.ScheduleFailed(schedule.TaskKey);
            SchedulerLog.NotEnqueued(logger, schedule.Key, answer.Detail ?? "");
        }
        else if (answer.Effect == AdvanceEffect.Advanced)
        {
            if (plan.Due.Count > 0)
            {
                Telemetry.Ticked(plan.Due.Count, schedule.TaskKey);
            }

            if (answer.Detail is { } leftOut)
            {
                SchedulerLog.LeftOut(logger, schedule.Key, leftOut);
            }

            if (plan.Dropped)
            {
                Telemetry.TicksMissed(schedule.TaskKey);
                SchedulerLog.Missed(logger, schedule.Key, schedule.LastTick, plan.Due.Count);
            }
        }
    }

    private List<(string Key, long Revision)> Unreadable()
    {
        foreach (var (schedule, since) in _unreadable)
        {
            if (timeProvider.GetElapsedTime(since) >= _skipUnreadable)
            {
                _unreadable.Remove(schedule);
            }
        }

        return [.. _unreadable.Keys];
    }
}
