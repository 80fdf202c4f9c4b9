using System.Text.Json;
using System.Text.Json.Serialization;
using PgConductor.Postgres.Processes;

namespace PgConductor.Postgres.Clusters;

/// <summary>What the owner of a cluster folder writes down for those who find the folder.</summary>
/// <param name="IsTemporary">Whether the folder is to be removed once its owner is gone.</param>
/// <param name="Owner">The process that started the server.</param>
/// <param name="Supervisor">The process that clears up after the owner, where there is one.</param>
/// <param name="Port">Where the server answers; null until it does.</param>
/// <param name="BinDirectory">The server programs in use.</param>
internal sealed record OwnerRecord(bool IsTemporary, ProcessIdentity Owner, ProcessIdentity? Supervisor, int? Port, string? BinDirectory)
{
    /// <summary>The record of a folder that this process has just taken.</summary>
    public static OwnerRecord OfThisProcess(ClusterFolder folder) => new(folder.IsTemporary, ProcessIdentity.Current, null, null, null);

    public static OwnerRecord? Read(ClusterFolder folder)
    {
        try
        {
            // One in another form, as another version may write it, is no record of ours: it is not judged by it.
            return JsonSerializer.Deserialize(File.ReadAllText(folder.OwnerFile), OwnerRecordJson.Default.OwnerRecord) is { Owner.Started: not null } record
                && record is not { Supervisor: { Started: null } }
                ? record
                : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    public void Write(ClusterFolder folder) =>
        ClusterFolder.WritePrivate(folder.OwnerFile, JsonSerializer.Serialize(this, OwnerRecordJson.Default.OwnerRecord));
}

[JsonSerializable(typeof(OwnerRecord))]
internal sealed partial class OwnerRecordJson : JsonSerializerContext;
