namespace PgConductor.Testing;

/// <summary>What a test expected is not so; the message says what was found instead.</summary>
/// <param name="message">What was expected and what was found.</param>
public sealed class ConductorAssertionException(string message) : Exception(message);
