using System.Net.Sockets;
using Npgsql;

namespace PgConductor.Database;

/// <summary>The one table that says what a database error means: its code and whether trying again may help.</summary>
/// <remarks>docs/reference/errors.md is this table for people; a test compares them.</remarks>
internal static class SqlStateMap
{
    /// <summary>States after which the same statement, run again, may succeed. The value says why.</summary>
    public static readonly IReadOnlyDictionary<string, string> Transient = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["08000"] = "connection exception",
        ["08001"] = "the client could not connect",
        ["08003"] = "the connection does not exist",
        ["08004"] = "the server rejected the connection",
        ["08006"] = "connection failure",
        ["08007"] = "the transaction's resolution is unknown",
        ["25006"] = "read-only transaction: a failover is under way",
        ["40001"] = "serialization failure",
        ["40003"] = "the statement's completion is unknown",
        ["40P01"] = "deadlock",
        ["53000"] = "insufficient resources",
        ["53100"] = "disk full",
        ["53200"] = "out of memory",
        ["53300"] = "too many connections",
        ["53400"] = "a configuration limit is exceeded",
        ["55006"] = "object in use",
        ["55P03"] = "lock not available",
        ["57P01"] = "the administrator ended the connection or is shutting down",
        ["57P02"] = "crash shutdown",
        ["57P03"] = "the server is starting or stopping",
        ["57P05"] = "the session was idle too long",
        ["58000"] = "system error",
        ["58030"] = "input/output error",
    };

    /// <summary>Our own states and the code each becomes.</summary>
    public static readonly IReadOnlyDictionary<string, string> Own = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["PC001"] = ConductorErrorCode.NotRegistered,
        ["PC002"] = ConductorErrorCode.UnknownQueue,
        ["PC003"] = ConductorErrorCode.DedupeConflict,
        ["PC004"] = ConductorErrorCode.InvalidArgument,
        ["PC005"] = ConductorErrorCode.QueueInUse,
        ["PC006"] = ConductorErrorCode.QueueFixed,
        ["PC007"] = ConductorErrorCode.NotFound,
        ["PC008"] = ConductorErrorCode.StepRejected,
        ["PC009"] = ConductorErrorCode.ScheduleOwned,
        ["PC010"] = ConductorErrorCode.Schema,
    };

    /// <summary>Whether the error is of the data sent, so that the rest of its batch would pass without it (SQLSTATE class 22, and 23, 54).</summary>
    public static bool IsDataError(Exception exception) =>
        Find<PostgresException>(exception) is { SqlState: { Length: 5 } state }
        && !HitsNewPartition(Find<PostgresException>(exception)!)
        && (state.StartsWith("22", StringComparison.Ordinal) || state.StartsWith("23", StringComparison.Ordinal) || state.StartsWith("54", StringComparison.Ordinal));

    /// <summary>Whether trying again may help.</summary>
    public static bool IsTransient(Exception exception) => exception switch
    {
        ConductorException conductor => conductor.IsTransient,
        PostgresException postgres => Transient.ContainsKey(postgres.SqlState) || HitsNewPartition(postgres),
        NpgsqlException { InnerException: TimeoutException or IOException or SocketException } => true,
        NpgsqlException npgsql => npgsql.IsTransient,
        IOException or SocketException or TimeoutException => true,
        _ => false,
    };

    /// <summary>Turns a driver's or server's error into ours; ours and cancellations stay as they are.</summary>
    public static Exception Translate(Exception exception)
    {
        switch (exception)
        {
            case ConductorException or OperationCanceledException:
                return exception;

            case PostgresException postgres when Own.TryGetValue(postgres.SqlState, out var code):
                return new ConductorException(code, Sentence(postgres.MessageText, postgres.Hint), false, exception);

            case PostgresException { SqlState: "57014" } postgres:
                return new ConductorException(ConductorErrorCode.Timeout, $"The server cancelled the statement ({postgres.MessageText}); raise ConductorOptions.StatementTimeout, or look for what blocks it with `pgconductor doctor`.", true, exception);

            case PostgresException { SqlState: "3F000" or "42P01" or "42883" } postgres:
                return new ConductorException(ConductorErrorCode.Schema, $"The PgConductor schema is missing or of another version ({postgres.MessageText}); run `pgconductor migrate`.", false, exception);

            case PostgresException { SqlState: "28P01" or "28000" or "3D000" } postgres:
                return new ConductorException(ConductorErrorCode.Unavailable, $"The server refused the connection ({postgres.SqlState}: {postgres.MessageText}); check the connection string's user, password and database.", false, exception);

            case PostgresException postgres:
                return new ConductorException(ConductorErrorCode.Database, $"{postgres.SqlState}: {Sentence(postgres.MessageText, postgres.Hint)}", IsTransient(postgres), exception);

            case NpgsqlException { InnerException: TimeoutException }:
                return new ConductorException(ConductorErrorCode.Timeout, "The server did not answer in time; raise ConductorOptions.StatementTimeout, or look for what blocks it with `pgconductor doctor`.", true, exception);

            case NpgsqlException or IOException or SocketException:
                return new ConductorException(ConductorErrorCode.Unavailable, $"The server cannot be reached: {exception.Message} Check that it runs and that the connection string's host and port are right.", IsTransient(exception), exception);

            default:
                return exception;
        }
    }

    /// <summary>A row was on its way into a default partition when the partition it belongs to was made: the same statement finds it the next time.</summary>
    /// <remarks>Told from other violations by the server's routine: the state is the same, and the message is in the server's language.</remarks>
    private static bool HitsNewPartition(PostgresException exception) => exception is { SqlState: PostgresErrorCodes.CheckViolation, Routine: "ExecPartitionCheckEmitError" };

    private static string Sentence(string message, string? hint) => hint is null ? message : $"{message}. {hint}";

    private static T? Find<T>(Exception? exception)
        where T : Exception
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is T found)
            {
                return found;
            }
        }

        return null;
    }
}
