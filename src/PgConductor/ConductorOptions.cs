using System.Text.Json.Serialization.Metadata;

namespace PgConductor;

/// <summary>Settings of the client: how it reaches the database and what it may send.</summary>
/// <remarks>Copied when the client is made. <see cref="Validate"/> lists every fault at once.</remarks>
public sealed record ConductorOptions
{
    /// <summary>An Npgsql connection string.</summary>
    /// <value>Required.</value>
    public required string ConnectionString { get; init; }

    /// <summary>Describes payload and result types to System.Text.Json; a source-generated context works.</summary>
    /// <value>Default null: reflection.</value>
    public IJsonTypeInfoResolver? JsonTypeInfoResolver { get; init; }

    /// <summary>The largest payload or result accepted, in bytes of JSON.</summary>
    /// <value>Default 16 MiB; 1 KiB to 128 MiB.</value>
    public int MaxPayloadBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>How long one statement may take before it is cancelled.</summary>
    /// <value>Default 30 s; 100 ms to 1 h.</value>
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a call goes on retrying transient errors before it throws.</summary>
    /// <value>Default 10 s; 0 (no retry) to 1 h. Calls inside a caller's transaction are never retried.</value>
    public TimeSpan RetryTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Works through a transaction pooler (PgBouncer): no prepared statements, no LISTEN, no session locks. Waking relies on polling.</summary>
    /// <value>Default false.</value>
    public bool TransactionPooler { get; init; }

    /// <summary>Names this program in pg_stat_activity and in the list of orchestrators.</summary>
    /// <value>Default "pgconductor". 1 to 60 characters.</value>
    public string ApplicationName { get; init; } = "pgconductor";

    /// <summary>The clock of everything this process times itself; the database has its own.</summary>
    /// <value>Default <see cref="TimeProvider.System"/>.</value>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Finds every fault of the settings.</summary>
    /// <returns>One sentence a fault; empty when all is well.</returns>
    public IReadOnlyList<string> Validate()
    {
        var faults = new List<string>();
        if (string.IsNullOrWhiteSpace(ConnectionString))
        {
            faults.Add("ConnectionString is empty: give an Npgsql connection string such as \"Host=localhost;Username=app;Database=app\"");
        }
        else
        {
            try
            {
                _ = new Npgsql.NpgsqlConnectionStringBuilder(ConnectionString);
            }
            catch (ArgumentException exception)
            {
                faults.Add($"ConnectionString cannot be read: {exception.Message}");
            }
        }

        if (MaxPayloadBytes is < 1024 or > 128 * 1024 * 1024)
        {
            faults.Add($"MaxPayloadBytes {MaxPayloadBytes} must be 1024 to {128 * 1024 * 1024}");
        }

        if (StatementTimeout < TimeSpan.FromMilliseconds(100) || StatementTimeout > TimeSpan.FromHours(1))
        {
            faults.Add($"StatementTimeout {StatementTimeout} must be 100 ms to 1 h");
        }

        if (RetryTimeout < TimeSpan.Zero || RetryTimeout > TimeSpan.FromHours(1))
        {
            faults.Add($"RetryTimeout {RetryTimeout} must be 0 to 1 h");
        }

        if (ApplicationName.Length is 0 or > 60)
        {
            faults.Add($"ApplicationName \"{ApplicationName}\" must be 1 to 60 characters");
        }

        return faults;
    }
}
