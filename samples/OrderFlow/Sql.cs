using Npgsql;

namespace OrderFlow;

internal static class Sql
{
    /// <summary>Runs a statement with $1, $2 … in a transaction.</summary>
    public static async Task<int> ExecuteAsync(this NpgsqlTransaction transaction, string text, params object[] values)
    {
        await using var command = new NpgsqlCommand(text, transaction.Connection, transaction);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return await command.ExecuteNonQueryAsync();
    }
}
