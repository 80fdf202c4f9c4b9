namespace PgConductor.Postgres;

/// <summary>A local PostgreSQL server could not be found, started, reached or stopped.</summary>
/// <remarks>
/// The message names the value that was seen and what to change. Nothing is left running or on disk by a start
/// that throws, apart from a persistent folder and installed programs.
/// </remarks>
public sealed class LocalPostgresException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="code">One of <see cref="LocalPostgresErrors"/>.</param>
    /// <param name="message">What happened and what to change.</param>
    /// <param name="innerException">The cause, or null.</param>
    public LocalPostgresException(string code, string message, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    /// <summary>One of <see cref="LocalPostgresErrors"/>: what kind of failure this is.</summary>
    public string Code { get; }
}
