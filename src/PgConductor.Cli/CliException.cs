using PgConductor.Postgres;

namespace PgConductor.Cli;

/// <summary>Ends a command with an exit code and a message for the user.</summary>
internal sealed class CliException(int exitCode, string code, string message, IReadOnlyList<Config.ConfigFault>? faults = null) : Exception(message)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>A stable name of the kind of error, for --json.</summary>
    public string Code { get; } = code;

    /// <summary>The faults of a config file; empty for other errors.</summary>
    public IReadOnlyList<Config.ConfigFault> Faults { get; } = faults ?? [];

    public static CliException Usage(string message) => new(ExitCodes.Usage, "usage", message);

    public static CliException NotFound(string message) => new(ExitCodes.NotFound, ConductorErrorCode.NotFound, message);

    /// <summary>Says what an error means here; null for one that is a bug.</summary>
    public static CliException? From(Exception exception) => exception switch
    {
        CliException cli => cli,
        ConductorException conductor => new CliException(ExitCodeOf(conductor.Code), conductor.Code, conductor.Message),
        LocalPostgresException { Code: LocalPostgresErrors.InvalidConnection or LocalPostgresErrors.InvalidOption } postgres => new CliException(ExitCodes.Usage, postgres.Code, postgres.Message),
        LocalPostgresException postgres => new CliException(ExitCodes.Unavailable, postgres.Code, postgres.Message),
        _ => null,
    };

    private static int ExitCodeOf(string code) => code switch
    {
        ConductorErrorCode.InvalidArgument or ConductorErrorCode.InvalidPayload => ExitCodes.Usage,
        ConductorErrorCode.Unavailable or ConductorErrorCode.PoolExhausted or ConductorErrorCode.Timeout => ExitCodes.Unavailable,
        ConductorErrorCode.NotFound or ConductorErrorCode.UnknownQueue => ExitCodes.NotFound,
        ConductorErrorCode.ExecutionFailed or ConductorErrorCode.ExecutionCancelled => ExitCodes.ExecutionNotCompleted,
        _ => ExitCodes.Failed,
    };
}
