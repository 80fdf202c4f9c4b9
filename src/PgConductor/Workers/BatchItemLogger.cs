using Microsoft.Extensions.Logging;

namespace PgConductor.Workers;

/// <summary>A batch's logger for one of its executions: entries carry its id and attempt, and are kept with it alone.</summary>
internal sealed class BatchItemLogger(RunningBatch batch, RunningExecution execution) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => batch.Logger.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel)
    {
        using var lines = batch.Lines?.Enter(execution.ExecutionId) ?? default;
        return batch.Logger.IsEnabled(logLevel);
    }

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        using var lines = batch.Lines?.Enter(execution.ExecutionId) ?? default;
        using var scope = batch.Logger.BeginScope(new ExecutionLogScope(execution));
        batch.Logger.Log(logLevel, eventId, state, exception, formatter);
    }
}
