using Npgsql;
using PgConductor.Database;
using PgConductor.Serialization;

namespace PgConductor.TestSupport.InMemory;

/// <summary>The errors the server would raise, translated by the same table as the real ones.</summary>
internal static class ServerErrors
{
    /// <summary>An error with this SQLSTATE, as the engine sees it.</summary>
    public static Exception Of(string sqlState, string message = "made by a test") =>
        SqlStateMap.Translate(new PostgresException(message, "ERROR", "ERROR", sqlState));

    public static void CheckJson(byte[]? json)
    {
        if (json is not null && JsonText.FindFault(json) is { } fault)
        {
            throw Of("22P05", $"unsupported Unicode escape sequence: {fault}");
        }
    }
}
