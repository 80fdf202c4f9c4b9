using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace PgConductor.TestSupport;

/// <summary>One entry that was logged.</summary>
/// <param name="Id">The event's id.</param>
/// <param name="Level">Its level.</param>
/// <param name="Text">Its text.</param>
/// <param name="Exception">Its exception.</param>
public sealed record LogEntry(int Id, LogLevel Level, string Text, Exception? Exception);

/// <summary>Keeps what is logged.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class CapturedLog : ILoggerFactory
{
    private readonly ConcurrentQueue<LogEntry> _entries = new();

    /// <summary>What was logged so far.</summary>
    public IReadOnlyList<LogEntry> Entries => [.. _entries];

    /// <summary>Whether an event was logged.</summary>
    public bool Has(int id) => _entries.Any(entry => entry.Id == id);

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(this);

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private sealed class Logger(CapturedLog log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log._entries.Enqueue(new LogEntry(eventId.Id, logLevel, formatter(state, exception), exception));
    }
}
