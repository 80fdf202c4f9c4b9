using Microsoft.Extensions.Logging;
using PgConductor.Database;

namespace PgConductor.Diagnostics;

/// <summary>Collects what one run of an execution logs, wherever in its code, up to a number of lines and of bytes.</summary>
/// <remarks>
/// The current one follows the run's asynchronous code. Thread-safe, never waits, never throws. What is logged after the run's end, by
/// something that it left behind, is dropped.
/// </remarks>
internal sealed class ExecutionLog : IRunLog, IDisposable
{
    private readonly ExecutionLogWriter _writer;
    private readonly Guid _executionId;
    private readonly string _taskKey;
    private readonly int _attempt;
    private readonly LogScope _scope;
    private readonly Lock _gate = new();
    private int _entries;
    private long _bytes;
    private int _dropped;
    private bool _isOver;

    /// <param name="writer">Who stores the lines.</param>
    /// <param name="executionId">Whose they are.</param>
    /// <param name="taskKey">Its task.</param>
    /// <param name="attempt">Its attempt.</param>
    /// <param name="isCurrent">It takes what the code that follows in the caller logs, until it is disposed of.</param>
    public ExecutionLog(ExecutionLogWriter writer, Guid executionId, string taskKey, int attempt, bool isCurrent)
    {
        _writer = writer;
        _executionId = executionId;
        _taskKey = taskKey;
        _attempt = attempt;
        _scope = isCurrent ? LogScope.Enter(this) : default;
    }

    public bool IsEnabled(LogLevel level) => level >= _writer.Options.MinLevel && level < LogLevel.None;

    public void Add(in LogText text)
    {
        lock (_gate)
        {
            if (_isOver || _entries >= _writer.Options.MaxEntries || _bytes + text.Bytes > _writer.Options.MaxBytes)
            {
                _dropped++;
                Telemetry.LogsDropped(1, _isOver ? "late" : "limit");
                return;
            }

            _bytes += text.Bytes;
            Write_NeedsGate(text);
        }
    }

    /// <summary>The run has ended.</summary>
    public void Dispose()
    {
        _scope.Dispose();
        lock (_gate)
        {
            if (!_isOver && _dropped > 0)
            {
                Write_NeedsGate(LogText.Of(LogLevel.Warning, "PgConductor", $"{_dropped} more log lines of this run were dropped: at most {_writer.Options.MaxEntries} lines and {_writer.Options.MaxBytes} bytes are kept.", null));
            }

            _isOver = true;
        }
    }

    private void Write_NeedsGate(in LogText text) =>
        _writer.Add(new LogLine(_executionId, _taskKey, _attempt, ++_entries, _writer.Now, text.Level, text.Category, text.Message, text.Error));
}
