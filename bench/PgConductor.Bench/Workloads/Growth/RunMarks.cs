using System.Numerics;
using System.Runtime.InteropServices;

namespace PgConductor.Bench.Workloads.Growth;

/// <summary>Which numbered executions have run: one bit each, so that ten million do not distort the memory that is measured.</summary>
/// <remarks><see cref="Mark"/> is thread-safe.</remarks>
internal sealed class RunMarks(int count)
{
    private readonly int[] _bits = new int[(count + 31) / 32];
    private int _repeated;

    /// <summary>How many times one ran that had run before.</summary>
    public int Repeated => Volatile.Read(ref _repeated);

    public int Ran => _bits.Sum(bits => BitOperations.PopCount((uint)bits));

    /// <exception cref="BenchException">The text is not of as many marks.</exception>
    public static RunMarks Parse(int count, string text)
    {
        var marks = new RunMarks(count);
        var parts = text.Split(' ');
        var bytes = MemoryMarshal.AsBytes(marks._bits.AsSpan());
        return parts is [var repeated, var bits] && int.TryParse(repeated, out marks._repeated) && Convert.TryFromBase64String(bits, bytes, out var written) && written == bytes.Length
            ? marks
            : throw new BenchException($"a process said \"{text[..Math.Min(text.Length, 60)]}\" instead of which executions it ran.");
    }

    public void Mark(int number)
    {
        var bit = 1 << (number & 31);
        if ((Interlocked.Or(ref _bits[number >> 5], bit) & bit) != 0)
        {
            Interlocked.Increment(ref _repeated);
        }
    }

    /// <summary>Adds what another process ran; what both did is repeated.</summary>
    public void Add(RunMarks other)
    {
        for (var i = 0; i < _bits.Length; i++)
        {
            _repeated += BitOperations.PopCount((uint)(_bits[i] & other._bits[i]));
            _bits[i] |= other._bits[i];
        }

        _repeated += other.Repeated;
    }

    public override string ToString() => $"{Repeated} {Convert.ToBase64String(MemoryMarshal.AsBytes(_bits.AsSpan()))}";
}
