using Microsoft.Extensions.Logging;

namespace PgConductor.Diagnostics;

/// <summary>Takes the log entries of code that runs an execution, or several. Thread-safe; never waits, never throws.</summary>
internal interface IRunLog
{
    /// <summary>Whether it keeps entries of the level.</summary>
    bool IsEnabled(LogLevel level);

    /// <summary>Keeps an entry, if there is room.</summary>
    void Add(in LogText text);
}

/// <summary>From when to when a log takes what is logged: by the code that follows in the caller, wherever it goes on, until the end of the scope.</summary>
internal readonly struct LogScope : IDisposable
{
    private static readonly AsyncLocal<IRunLog?> _current = new();

    private readonly IRunLog? _outer;
    private readonly bool _isEntered;

    private LogScope(IRunLog? outer)
    {
        _outer = outer;
        _isEntered = true;
    }

    /// <summary>Where the entries of the code that asks go; null: nothing of them is kept.</summary>
    public static IRunLog? Current => _current.Value;

    /// <summary>Begins; in the caller, so not from within an asynchronous method for another.</summary>
    public static LogScope Enter(IRunLog log)
    {
        var scope = new LogScope(_current.Value);
        _current.Value = log;
        return scope;
    }

    /// <summary>Ends. Does nothing if it was never begun.</summary>
    public void Dispose()
    {
        if (_isEntered)
        {
            _current.Value = _outer;
        }
    }
}
