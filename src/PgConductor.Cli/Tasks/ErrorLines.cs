using System.Text;
using Microsoft.Extensions.Logging;

namespace PgConductor.Cli.Tasks;

/// <summary>Logs what a program writes to its standard error, line by line, as its execution's own log lines.</summary>
/// <remarks>Written by one reader. A line longer than <see cref="Longest"/> bytes is logged in pieces.</remarks>
internal sealed class ErrorLines(ILogger logger)
{
    public const int Longest = 8192;

    private readonly byte[] _line = new byte[Longest];
    private int _length;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (!logger.IsEnabled(LogLevel.Information))
        {
            return;
        }

        foreach (var value in bytes)
        {
            if (value == (byte)'\n')
            {
                End();
                continue;
            }

            // Not in the middle of a character: 10xxxxxx goes on with one.
            if (_length == Longest || (_length >= Longest - 4 && (value & 0xC0) != 0x80))
            {
                End();
            }

            _line[_length++] = value;
        }
    }

    /// <summary>The output is over, or a line is.</summary>
    public void End()
    {
        var text = Encoding.UTF8.GetString(_line, 0, _length).TrimEnd();
        _length = 0;
        if (text.Length > 0)
        {
            TaskLog.ErrorLine(logger, text);
        }
    }
}
