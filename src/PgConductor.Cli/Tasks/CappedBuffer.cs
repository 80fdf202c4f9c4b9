namespace PgConductor.Cli.Tasks;

/// <summary>Collects bytes up to a limit and forgets the rest. Thread-safe.</summary>
#pragma warning disable CA1001 // A stream over memory holds nothing that needs disposing of, and readers given up may still write.
internal sealed class CappedBuffer(int capacity)
{
    private readonly MemoryStream _stream = new();
    private readonly Lock _gate = new();

    /// <summary>Whether there was more than one byte below the limit.</summary>
    public bool IsOver
    {
        get
        {
            lock (_gate)
            {
                return _stream.Length >= capacity;
            }
        }
    }

    public ReadOnlyMemory<byte> Bytes
    {
        get
        {
            lock (_gate)
            {
                return _stream.ToArray();
            }
        }
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            _stream.Write(bytes[..(int)Math.Min(bytes.Length, capacity - _stream.Length)]);
        }
    }
}
