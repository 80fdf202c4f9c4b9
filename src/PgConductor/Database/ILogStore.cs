using Microsoft.Extensions.Logging;

namespace PgConductor.Database;

/// <summary>Log lines of executions.</summary>
internal interface ILogStore
{
    /// <summary>Stores lines, as far as their tasks keep them. Not retried here: the writer decides.</summary>
    /// <returns>How many were stored.</returns>
    Task<long> AppendLogsAsync(IReadOnlyList<LogLine> lines, CancellationToken cancellationToken);

    Task<IReadOnlyList<ExecutionLogEntry>> GetLogsAsync(Guid executionId, LogLevel minLevel, int limit, CancellationToken cancellationToken);
}

/// <summary>A line on its way to the database; its texts are what PostgreSQL can hold.</summary>
internal readonly record struct LogLine(
    Guid ExecutionId, string TaskKey, int Attempt, int Ordinal, DateTime LoggedAt, LogLevel Level, string Category, string Message, string? Exception);
