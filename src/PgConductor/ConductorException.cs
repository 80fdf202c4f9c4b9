namespace PgConductor;

/// <summary>An error of PgConductor or of the database behind it.</summary>
/// <remarks>Branch on <see cref="Code"/> or <see cref="IsTransient"/>, never on the text.</remarks>
public class ConductorException : Exception
{
    /// <summary>Makes an error.</summary>
    /// <param name="code">One of <see cref="ConductorErrorCode"/>.</param>
    /// <param name="message">Names the value that was seen and the remedy.</param>
    /// <param name="isTransient">Whether the same call may succeed later.</param>
    /// <param name="innerException">The cause.</param>
    public ConductorException(string code, string message, bool isTransient = false, Exception? innerException = null)
        : base(message, innerException)
    {
        Code = code;
        IsTransient = isTransient;
    }

    /// <summary>What went wrong: one of <see cref="ConductorErrorCode"/>.</summary>
    public string Code { get; }

    /// <summary>Whether the same call, made again later, may succeed. It was retried already as far as the options allow.</summary>
    public bool IsTransient { get; }
}
