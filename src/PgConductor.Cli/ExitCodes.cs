namespace PgConductor.Cli;

/// <summary>What the process returns. The one table: --help prints it, docs/reference/cli.md repeats it, a test compares them.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int Unavailable = 3;
    public const int NotFound = 4;
    public const int ExecutionNotCompleted = 5;
    public const int NoOutcomeInTime = 6;
    public const int Interrupted = 130;

    public static readonly IReadOnlyList<(int Code, string Meaning)> All =
    [
        (Ok, "done"),
        (Failed, "the operation failed"),
        (Usage, "wrong usage or a faulty config file; nothing was done"),
        (Unavailable, "the database cannot be reached"),
        (NotFound, "there is nothing of this id or name"),
        (ExecutionNotCompleted, "an execution waited for with --wait failed or was cancelled"),
        (NoOutcomeInTime, "an execution waited for with --wait had no outcome within --timeout; it goes on"),
        (Interrupted, "interrupted before the end (SIGINT, SIGTERM); for a worker: by the second signal"),
    ];
}
