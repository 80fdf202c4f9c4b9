using System.Globalization;
using Microsoft.Extensions.Logging;
using PgConductor.Cli.Output;

namespace PgConductor.Cli.Logging;

/// <summary>The engine's log where the command's output goes: lines on standard error, or events among the JSON lines.</summary>
internal sealed class OutputLoggerProvider(CommandOutput output, TimeProvider timeProvider, bool withStacks) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new OutputLogger(this, categoryName);

    public void Dispose()
    {
        // Holds nothing.
    }

    private void Write(string category, LogLevel level, EventId eventId, string message, Exception? exception)
    {
        var now = timeProvider.GetUtcNow();
        var name = level switch
        {
            LogLevel.Trace => "trace",
            LogLevel.Debug => "debug",
            LogLevel.Information => "info",
            LogLevel.Warning => "warning",
            LogLevel.Error => "error",
            _ => "critical",
        };
        var error = exception is null ? null : withStacks ? exception.ToString() : Describe(exception);
        if (output.Json)
        {
            output.Write(new { Event = "log", Time = now, Level = name, Id = eventId.Id, Category = category, Message = message, Error = error }, "");
        }
        else
        {
            output.WriteNote(string.Create(CultureInfo.InvariantCulture, $"{now:HH:mm:ss.fff} {name,-7} {message}{(error is null ? "" : $": {error}")}"));
        }
    }

    private static string Describe(Exception exception)
    {
        var text = exception.Message;
        for (var inner = exception.InnerException; inner is not null; inner = inner.InnerException)
        {
            text = text.Contains(inner.Message, StringComparison.Ordinal) ? text : $"{text} <- {inner.Message}";
        }

        return text;
    }

    private sealed class OutputLogger(OutputLoggerProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            provider.Write(category, logLevel, eventId, formatter(state, exception), exception);
    }
}
