namespace PgConductor.Schedules;

/// <summary>What becomes of a schedule's runs that were not started in time, because no process was there to do it.</summary>
public enum MissedRuns
{
    /// <summary>They are dropped; the schedule goes on with the next one.</summary>
    Skip,

    /// <summary>One run, that of the latest, stands for all of them.</summary>
    Once,

    /// <summary>Each is made up for, oldest first; of more than the schedule's bound, the newest.</summary>
    All,
}
