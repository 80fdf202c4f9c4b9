using Microsoft.Extensions.Logging;

namespace PgConductor;

/// <summary>A log line that was kept with an execution.</summary>
/// <param name="LoggedAt">When, by the clock of the process.</param>
/// <param name="Attempt">In which attempt.</param>
/// <param name="Level">How severe.</param>
/// <param name="Category">The logger.</param>
/// <param name="Message">The formatted message.</param>
/// <param name="Exception">The exception's text; null: none.</param>
public sealed record ExecutionLogEntry(DateTimeOffset LoggedAt, int Attempt, LogLevel Level, string Category, string Message, string? Exception);
