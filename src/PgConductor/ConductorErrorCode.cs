namespace PgConductor;

/// <summary>The values of <see cref="ConductorException.Code"/>; docs/reference/errors.md says what to do about each.</summary>
public static class ConductorErrorCode
{
    /// <summary>This process was taken over, or never registered (SQLSTATE PC001).</summary>
    public const string NotRegistered = "not-registered";

    /// <summary>There is no queue of this name (SQLSTATE PC002).</summary>
    public const string UnknownQueue = "unknown-queue";

    /// <summary>The dedupe key is taken (SQLSTATE PC003).</summary>
    public const string DedupeConflict = "dedupe-conflict";

    /// <summary>A value is out of range (SQLSTATE PC004, or found before the call).</summary>
    public const string InvalidArgument = "invalid-argument";

    /// <summary>The queue is in use (SQLSTATE PC005).</summary>
    public const string QueueInUse = "queue-in-use";

    /// <summary>The queue cannot be changed in this way (SQLSTATE PC006).</summary>
    public const string QueueFixed = "queue-fixed";

    /// <summary>There is nothing of this id or name (SQLSTATE PC007).</summary>
    public const string NotFound = "not-found";

    /// <summary>A step is not stored: its execution is another process's by now, or has ended, or the step was stored before (SQLSTATE PC008).</summary>
    public const string StepRejected = "step-rejected";

    /// <summary>The handler's code does not fit the steps that are stored, or uses a name twice.</summary>
    public const string StepConflict = "step-conflict";

    /// <summary>The schedule is declared by a service, or was made dynamically, and is not the caller's to change (SQLSTATE PC009).</summary>
    public const string ScheduleOwned = "schedule-owned";

    /// <summary>A payload or result cannot be stored: not serialisable, too large, or with text that PostgreSQL cannot hold.</summary>
    public const string InvalidPayload = "invalid-payload";

    /// <summary>The schema is not installed, or of another version than this library needs (SQLSTATE PC010 when a breaking migration left the process behind).</summary>
    public const string Schema = "schema";

    /// <summary>No connection could be had in time: the pool is exhausted.</summary>
    public const string PoolExhausted = "pool-exhausted";

    /// <summary>The server did not answer in time.</summary>
    public const string Timeout = "timeout";

    /// <summary>The server cannot be reached or refused the connection.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>Any other error of the server; the inner exception has its SQLSTATE.</summary>
    public const string Database = "database";

    /// <summary>The execution that was waited for failed.</summary>
    public const string ExecutionFailed = "execution-failed";

    /// <summary>The execution that was waited for was cancelled.</summary>
    public const string ExecutionCancelled = "execution-cancelled";
}
