using System.Text;
using Microsoft.Extensions.Logging;
using PgConductor.Database;

namespace PgConductor.Diagnostics;

/// <summary>Collects what one run of an execution logs, wherever in its code, up to a number of lines and of bytes.</summary>
/// <remarks>
/// The current one follows the run's asynchronous code. Thread-safe, never waits, never throws. What is logged after the run's end, by
/// something that it left behind, is dropped.
/// </remarks>
internal sealed class ExecutionLog : IDisposable
{
    private const int LongestMessage = 8192;
    private const int LongestException = 16384;

    private static readonly AsyncLocal<ExecutionLog?> _current = new();

    private readonly ExecutionLogWriter _writer;
    private readonly Guid _executionId;
    private readonly string _taskKey;
    private readonly int _attempt;
    private readonly ExecutionLog? _outer;
    private readonly Lock _gate = new();
    private int _entries;
    private long _bytes;
    private int _dropped;
    private bool _isOver;

    private ExecutionLog(ExecutionLogWriter writer, Guid executionId, string taskKey, int attempt)
    {
        _writer = writer;
        _executionId = executionId;
        _taskKey = taskKey;
        _attempt = attempt;
        _outer = _current.Value;
    }

    /// <summary>That of the run whose code asks; null: there is none, or nothing of it is kept.</summary>
    public static ExecutionLog? Current => _current.Value;

    /// <summary>Begins to collect, for the code that follows in the caller.</summary>
    public static ExecutionLog Begin(ExecutionLogWriter writer, Guid executionId, string taskKey, int attempt) =>
        _current.Value = new ExecutionLog(writer, executionId, taskKey, attempt);

    public bool IsEnabled(LogLevel level) => level >= _writer.Options.MinLevel && level < LogLevel.None;

    public void Add(LogLevel level, string category, string message, Exception? exception)
    {
        message = Cut(message, LongestMessage);
        var error = exception is null ? null : Cut(Describe(exception), LongestException);
        var bytes = Encoding.UTF8.GetByteCount(message) + (error is null ? 0 : Encoding.UTF8.GetByteCount(error)) + category.Length;
        lock (_gate)
        {
            if (_isOver || _entries >= _writer.Options.MaxEntries || _bytes + bytes > _writer.Options.MaxBytes)
            {
                _dropped++;
                Telemetry.LogsDropped(1, _isOver ? "late" : "limit");
                return;
            }

            _bytes += bytes;
            Write_NeedsGate(level, category, message, error);
        }
    }

    /// <summary>The run has ended.</summary>
    public void Dispose()
    {
        _current.Value = _outer;
        lock (_gate)
        {
            if (!_isOver && _dropped > 0)
            {
                Write_NeedsGate(LogLevel.Warning, "PgConductor", $"{_dropped} more log lines of this run were dropped: at most {_writer.Options.MaxEntries} lines and {_writer.Options.MaxBytes} bytes are kept.", null);
            }

            _isOver = true;
        }
    }

    private void Write_NeedsGate(LogLevel level, string category, string message, string? error) =>
        _writer.Add(new LogLine(_executionId, _taskKey, _attempt, ++_entries, _writer.Now, level, Cut(category, 400), message, error));

    private static string Describe(Exception exception)
    {
        try
        {
            return exception.ToString();
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            return exception.GetType().Name;
        }
    }

    /// <summary>What PostgreSQL can hold, and no more than so many characters.</summary>
    private static string Cut(string text, int longest)
    {
        if (text.Length > longest)
        {
            text = string.Concat(text.AsSpan(0, longest), "… (cut)");
        }

        if (StorableText.FindFault(text) is null)
        {
            return text;
        }

        var storable = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            // Half of a surrogate pair is enumerated as the replacement character already.
            storable.Append(rune.Value == 0 ? Rune.ReplacementChar : rune);
        }

        return storable.ToString();
    }
}
