namespace PgConductor.Bench;

/// <summary>The bench cannot run as it was asked to; the message says why and what to change.</summary>
internal sealed class BenchException(string message) : Exception(message);
