using System.Text;

namespace PgConductor.Postgres.Processes;

/// <summary>Keeps what a stream has brought so far. Safe to read from any thread while the stream is open.</summary>
internal sealed class StreamCollector
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _text = new();
    private readonly Task _reading;

    public StreamCollector(TextReader reader) => _reading = ReadAsync(reader);

    /// <summary>Whether the other side has closed the stream.</summary>
    public bool HasEnded => _reading.IsCompleted;

    public string Text
    {
        get
        {
            lock (_gate)
            {
                return _text.ToString();
            }
        }
    }

    private async Task ReadAsync(TextReader reader)
    {
        var buffer = new char[4096];
        int count;
        while ((count = await reader.ReadAsync(buffer).ConfigureAwait(false)) > 0)
        {
            lock (_gate)
            {
                _text.Append(buffer, 0, count);
            }
        }
    }
}
