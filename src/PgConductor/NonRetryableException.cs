namespace PgConductor;

/// <summary>Thrown by a handler to dead-letter its execution at once, whatever attempts are left.</summary>
public class NonRetryableException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Kept as the execution's reason.</param>
    /// <param name="innerException">The cause.</param>
    public NonRetryableException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
