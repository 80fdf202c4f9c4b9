using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace PgConductor.Diagnostics;

/// <summary>Gives every entry of the program's loggers to the execution whose code logs it, if its lines are kept.</summary>
/// <remarks>Thread-safe. Its alias for filters is "PgConductor".</remarks>
[ProviderAlias("PgConductor")]
internal sealed class ExecutionLogProvider : ILoggerProvider
{
    private static readonly ConditionalWeakTable<ILoggerFactory, ExecutionLogProvider> _attached = [];

    /// <summary>A factory whose loggers' entries are kept: the given one, with this provider added once; or, if it takes no providers, one around it.</summary>
    public static ILoggerFactory AttachTo(ILoggerFactory? factory)
    {
        if (factory is null or NullLoggerFactory)
        {
            return new Around(NullLoggerFactory.Instance);
        }

        try
        {
            // Several orchestrators may share a factory.
            _attached.GetValue(factory, static shared =>
            {
                var provider = new ExecutionLogProvider();
                shared.AddProvider(provider);
                return provider;
            });
            return factory;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return new Around(factory);
        }
    }

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName);

    public void Dispose()
    {
        // Holds nothing.
    }

    /// <summary>Keeps what goes through its own loggers: those of handlers and of the engine.</summary>
    private sealed class Around(ILoggerFactory inner) : ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) => new BothLogger(inner.CreateLogger(categoryName), new Logger(categoryName));

        public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

        public void Dispose()
        {
            // The wrapped one is the user's.
        }
    }

    private sealed class BothLogger(ILogger inner, Logger own) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel) || own.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            own.Log(logLevel, eventId, state, exception, formatter);
            inner.Log(logLevel, eventId, state, exception, formatter);
        }
    }

    private sealed class Logger(string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => LogScope.Current?.IsEnabled(logLevel) == true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (LogScope.Current is not { } log || !log.IsEnabled(logLevel))
            {
                return;
            }

            try
            {
                log.Add(LogText.Of(logLevel, category, formatter(state, exception), exception));
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                // Whoever logs must not fail for it.
                Telemetry.LogsDropped(1, "unreadable");
            }
        }
    }
}
