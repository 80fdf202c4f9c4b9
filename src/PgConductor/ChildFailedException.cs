namespace PgConductor;

/// <summary>How a child ended that did not complete.</summary>
public enum ChildFailure
{
    /// <summary>It failed for good: no attempt was left, or it was not to be retried.</summary>
    Failed,

    /// <summary>It was cancelled.</summary>
    Cancelled,

    /// <summary>It had no outcome within <see cref="ChildOptions.Timeout"/>.</summary>
    TimedOut,
}

/// <summary>A child did not complete. Catch it to go on without the child; it is thrown again at the same place in every later run.</summary>
/// <remarks>
/// The child had its own retries, and its end is final: an execution that does not catch this fails for good, without
/// retries of its own. Retried by hand, it starts the child anew.
/// </remarks>
public sealed class ChildFailedException : Exception
{
    internal ChildFailedException(string stepName, Guid childId, ChildFailure failure, string? failureType, string reason)
        : base($"The child \"{stepName}\" ({childId}) {(failure == ChildFailure.Failed ? "failed" : failure == ChildFailure.Cancelled ? "was cancelled" : "timed out")}: {reason}")
    {
        StepName = stepName;
        ChildId = childId;
        Failure = failure;
        FailureType = failureType;
        Reason = reason;
    }

    /// <summary>The name under which it was invoked; of many, with its index: "name/3".</summary>
    public string StepName { get; }

    /// <summary>The child's execution.</summary>
    public Guid ChildId { get; }

    /// <summary>How it ended.</summary>
    public ChildFailure Failure { get; }

    /// <summary>The full name of the type of exception it failed with; null when there was none.</summary>
    public string? FailureType { get; }

    /// <summary>The message it failed with, or the reason of its cancellation.</summary>
    public string Reason { get; }
}
