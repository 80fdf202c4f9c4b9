namespace PgConductor;

/// <summary>Thrown by a handler to fail the attempt and choose the pause before the next one (for example a server's Retry-After).</summary>
public class RetryAfterException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="delay">Zero or more, at most 10 years; checked here, so that a wrong one is an ordinary failure.</param>
    /// <param name="message">Kept with the failure.</param>
    /// <param name="innerException">The cause.</param>
    /// <exception cref="ArgumentOutOfRangeException">The delay is below zero or above 10 years.</exception>
    public RetryAfterException(TimeSpan delay, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        if (delay < TimeSpan.Zero || delay > TimeSpan.FromDays(3653))
        {
            throw new ArgumentOutOfRangeException(nameof(delay), delay, "Give zero to 10 years.");
        }

        Delay = delay;
    }

    /// <summary>The pause before the next attempt.</summary>
    public TimeSpan Delay { get; }
}
