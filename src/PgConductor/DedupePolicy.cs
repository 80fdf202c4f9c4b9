namespace PgConductor;

/// <summary>What an invoke does when its dedupe key is taken by a waiting or running execution.</summary>
public enum DedupePolicy
{
    /// <summary>Returns the one that has the key, unchanged.</summary>
    ReturnExisting,

    /// <summary>A waiting one takes the new payload, time and priority. If it is running already, a new one is enqueued behind it and takes the key over.</summary>
    ReplacePending,

    /// <summary>Throws <see cref="ConductorException"/> with <see cref="ConductorErrorCode.DedupeConflict"/>.</summary>
    Reject,
}
