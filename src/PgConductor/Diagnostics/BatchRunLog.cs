using Microsoft.Extensions.Logging;

namespace PgConductor.Diagnostics;

/// <summary>Collects what one run of a batch logs: with each of its executions, as if each had run alone.</summary>
/// <remarks>So whoever asks why one of them failed reads all that was said while it ran, and a batch costs no more rows than as many runs. Thread-safe.</remarks>
internal sealed class BatchRunLog : IRunLog, IDisposable
{
    private readonly ExecutionLogWriter _writer;
    private readonly Dictionary<Guid, ExecutionLog> _logs = [];
    private readonly LogScope _scope;

    /// <summary>Begins to collect, for the code that follows in the caller.</summary>
    public BatchRunLog(ExecutionLogWriter writer, string taskKey, IEnumerable<(Guid Id, int Attempt)> executions)
    {
        _writer = writer;
        foreach (var (id, attempt) in executions)
        {
            _logs[id] = new ExecutionLog(writer, id, taskKey, attempt, isCurrent: false);
        }

        _scope = LogScope.Enter(this);
    }

    public bool IsEnabled(LogLevel level) => level >= _writer.Options.MinLevel && level < LogLevel.None;

    public void Add(in LogText text)
    {
        foreach (var log in _logs.Values)
        {
            log.Add(text);
        }
    }

    /// <summary>What is logged until the end of the scope belongs to this execution only.</summary>
    public LogScope Enter(Guid executionId) => _logs.TryGetValue(executionId, out var log) ? LogScope.Enter(log) : default;

    /// <summary>The run has ended.</summary>
    public void Dispose()
    {
        _scope.Dispose();
        foreach (var log in _logs.Values)
        {
            log.Dispose();
        }
    }
}
