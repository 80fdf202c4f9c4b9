using Microsoft.Extensions.Logging;

namespace PgConductor.Database;

internal sealed partial class DatabaseClient
{
    private readonly LogCommands _logs;

    public Task<long> AppendLogsAsync(IReadOnlyList<LogLine> lines, CancellationToken cancellationToken) => _logs.AppendLogsAsync(lines, cancellationToken);

    public Task<IReadOnlyList<ExecutionLogEntry>> GetLogsAsync(Guid executionId, LogLevel minLevel, int limit, CancellationToken cancellationToken) =>
        _logs.GetLogsAsync(executionId, minLevel, limit, cancellationToken);
}
