namespace PgConductor;

/// <summary>Where an execution is in its life.</summary>
public enum ExecutionState
{
    /// <summary>Due; waits for a free worker.</summary>
    Ready,

    /// <summary>Due later: delayed, or waiting to be retried.</summary>
    Scheduled,

    /// <summary>Waits for something other than time.</summary>
    Waiting,

    /// <summary>Claimed by a process.</summary>
    Running,

    /// <summary>Finished; its result is kept as long as the task's retention says.</summary>
    Completed,

    /// <summary>Dead-lettered: no attempt left, or not to be retried.</summary>
    Failed,

    /// <summary>Cancelled.</summary>
    Cancelled,
}
