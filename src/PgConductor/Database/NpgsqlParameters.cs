using Npgsql;
using NpgsqlTypes;

namespace PgConductor.Database;

/// <summary>Positional, explicitly typed parameters: no inference, and null keeps its type.</summary>
internal static class NpgsqlParameters
{
    public static void AddText(this NpgsqlParameterCollection parameters, string? value) => Add(parameters, value, NpgsqlDbType.Text);

    public static void AddUuid(this NpgsqlParameterCollection parameters, Guid? value) => Add(parameters, value, NpgsqlDbType.Uuid);

    public static void AddInteger(this NpgsqlParameterCollection parameters, int? value) => Add(parameters, value, NpgsqlDbType.Integer);

    public static void AddBigint(this NpgsqlParameterCollection parameters, long? value) => Add(parameters, value, NpgsqlDbType.Bigint);

    public static void AddBoolean(this NpgsqlParameterCollection parameters, bool? value) => Add(parameters, value, NpgsqlDbType.Boolean);

    public static void AddInterval(this NpgsqlParameterCollection parameters, TimeSpan? value) => Add(parameters, value, NpgsqlDbType.Interval);

    public static void AddTime(this NpgsqlParameterCollection parameters, DateTimeOffset? value) => Add(parameters, value?.UtcDateTime, NpgsqlDbType.TimestampTz);

    public static void AddJsonb(this NpgsqlParameterCollection parameters, byte[]? value) => Add(parameters, value, NpgsqlDbType.Jsonb);

    public static void AddJsonb(this NpgsqlParameterCollection parameters, string? value) => Add(parameters, value, NpgsqlDbType.Jsonb);

    public static void AddArray<T>(this NpgsqlParameterCollection parameters, T[]? value, NpgsqlDbType elementType) => Add(parameters, value, NpgsqlDbType.Array | elementType);

    private static void Add(NpgsqlParameterCollection parameters, object? value, NpgsqlDbType type) =>
        parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value, NpgsqlDbType = type });
}
