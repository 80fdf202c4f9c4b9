using System.Text;

namespace PgConductor.Cli.Tasks;

/// <summary>The last bytes of what a program wrote to its two outputs, in the order they arrived. Thread-safe.</summary>
internal sealed class OutputTail(int capacity = OutputTail.Bytes)
{
    public const int Bytes = 4096;

    private readonly byte[] _ring = new byte[capacity];
    private readonly Lock _gate = new();
    private long _written;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (bytes.Length > capacity)
            {
                _written += bytes.Length - capacity;
                bytes = bytes[^capacity..];
            }

            var at = (int)(_written % capacity);
            var first = Math.Min(bytes.Length, capacity - at);
            bytes[..first].CopyTo(_ring.AsSpan(at));
            bytes[first..].CopyTo(_ring);
            _written += bytes.Length;
        }
    }

    /// <summary>As text; "" when there was nothing. A character cut in half at the start is left out.</summary>
    public override string ToString()
    {
        byte[] bytes;
        bool cut;
        lock (_gate)
        {
            cut = _written > capacity;
            var at = (int)(_written % capacity);
            bytes = cut ? [.. _ring.AsSpan(at), .. _ring.AsSpan(0, at)] : _ring.AsSpan(0, (int)_written).ToArray();
        }

        var start = 0;
        while (cut && start < 3 && (bytes[start] & 0xC0) == 0x80)
        {
            start++;
        }

        return Encoding.UTF8.GetString(bytes, start, bytes.Length - start).TrimEnd();
    }
}
