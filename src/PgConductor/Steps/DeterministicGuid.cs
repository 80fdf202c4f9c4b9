using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PgConductor.Steps;

/// <summary>Ids that follow from an execution's id and a counter: the same in every run, and nobody else's.</summary>
internal static class DeterministicGuid
{
    /// <summary>A version 8 UUID (RFC 9562): the SHA-256 of both.</summary>
    public static Guid Create(Guid executionId, int counter)
    {
        Span<byte> input = stackalloc byte[20];
        executionId.TryWriteBytes(input, bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(input[16..], counter);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(input, hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}
