using Microsoft.Extensions.Logging;
using PgConductor.Database;

namespace PgConductor.TestSupport.InMemory;

/// <summary>Log lines; all are kept, for ever.</summary>
internal sealed class Logs
{
    private readonly List<LogLine> _lines = [];

    public long Append(IReadOnlyList<LogLine> lines)
    {
        _lines.AddRange(lines);
        return lines.Count;
    }

    public IReadOnlyList<ExecutionLogEntry> Of(Guid executionId, LogLevel minLevel, int limit) =>
    [
        .. _lines.Where(line => line.ExecutionId == executionId && line.Level >= minLevel)
            .OrderBy(line => line.LoggedAt).ThenBy(line => line.Ordinal)
            .TakeLast(limit)
            .Select(line => new ExecutionLogEntry(new DateTimeOffset(line.LoggedAt, TimeSpan.Zero), line.Attempt, line.Level, line.Category, line.Message, line.Exception)),
    ];
}
