using System.IO.Compression;
using System.Security.Cryptography;
using PgConductor;

namespace FileDigest;

/// <summary>A file to look at.</summary>
internal sealed record FileToDigest(string Path);

/// <summary>What was found out about it.</summary>
internal sealed record Digest(string Sha256, long Size, long GzipSize);

/// <summary>The work: one execution a file.</summary>
internal static class DigestTask
{
    public static readonly TaskDefinition<FileToDigest, Digest> Definition = TaskDefinition.Create<FileToDigest, Digest>("digest-file");

    public static async Task<Digest> RunAsync(FileToDigest file, TaskContext context)
    {
        await using var source = File.OpenRead(file.Path);
        using var hash = SHA256.Create();
        await using var hashing = new CryptoStream(source, hash, CryptoStreamMode.Read);
        using var counted = new CountingStream();
        await using (var gzip = new GZipStream(counted, CompressionLevel.Optimal, leaveOpen: true))
        {
            await hashing.CopyToAsync(gzip, context.CancellationToken);
        }

        return new Digest(Convert.ToHexStringLower(hash.Hash!), source.Length, counted.Length);
    }
}
