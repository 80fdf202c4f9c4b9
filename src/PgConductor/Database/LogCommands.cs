using Microsoft.Extensions.Logging;
using NpgsqlTypes;

namespace PgConductor.Database;

/// <summary>Log lines of executions: storing and reading them.</summary>
internal sealed class LogCommands(Calls calls) : ILogStore
{
    private const string AppendSql = "select pgconductor.append_execution_logs($1, $2, $3, $4, $5, $6, $7, $8, $9)";

    private static readonly string[] _levels = ["trace", "debug", "information", "warning", "error", "critical"];

    public Task<long> AppendLogsAsync(IReadOnlyList<LogLine> lines, CancellationToken cancellationToken) =>
        calls.OnceAsync(
            AppendSql,
            parameters =>
            {
                parameters.AddArray(Column(lines, static line => line.ExecutionId), NpgsqlDbType.Uuid);
                parameters.AddArray(Column(lines, static line => line.TaskKey), NpgsqlDbType.Text);
                parameters.AddArray(Column(lines, static line => line.Attempt), NpgsqlDbType.Integer);
                parameters.AddArray(Column(lines, static line => line.Ordinal), NpgsqlDbType.Integer);
                parameters.AddArray(Column(lines, static line => line.LoggedAt), NpgsqlDbType.TimestampTz);
                parameters.AddArray(Column(lines, static line => (int)line.Level), NpgsqlDbType.Integer);
                parameters.AddArray(Column(lines, static line => line.Category), NpgsqlDbType.Text);
                parameters.AddArray(Column(lines, static line => line.Message), NpgsqlDbType.Text);
                parameters.AddArray(Column(lines, static line => line.Exception), NpgsqlDbType.Text);
            },
            Calls.Row(static reader => reader.GetInt64(0)),
            cancellationToken);

    public Task<IReadOnlyList<ExecutionLogEntry>> GetLogsAsync(Guid executionId, LogLevel minLevel, int limit, CancellationToken cancellationToken) =>
        calls.RetryingAsync(
            "select logged_at, attempt, level, category, message, exception from pgconductor.get_execution_logs($1, $2, $3)",
            parameters =>
            {
                parameters.AddUuid(executionId);
                parameters.AddInteger(limit);
                parameters.AddInteger((int)minLevel);
            },
            Calls.Rows(static reader => new ExecutionLogEntry(
                new DateTimeOffset(reader.GetDateTime(0), TimeSpan.Zero),
                reader.GetInt32(1),
                (LogLevel)Array.IndexOf(_levels, reader.GetString(2)),
                reader.GetString(3),
                reader.GetString(4),
                Calls.Nullable<string>(reader, 5))),
            cancellationToken);

    private static T[] Column<T>(IReadOnlyList<LogLine> lines, Func<LogLine, T> of)
    {
        var column = new T[lines.Count];
        for (var i = 0; i < column.Length; i++)
        {
            column[i] = of(lines[i]);
        }

        return column;
    }
}
