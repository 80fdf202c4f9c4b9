using Microsoft.Extensions.Logging;

namespace PgConductor.Postgres;

/// <summary>The log messages of this package; event ids 1700 to 1799.</summary>
internal static partial class Log
{
    [LoggerMessage(1700, LogLevel.Information, "No PostgreSQL was found; trying to install it with {Tool}, which may take minutes")]
    public static partial void Installing(ILogger logger, string tool);

    [LoggerMessage(1701, LogLevel.Information, "{Tool} did not provide PostgreSQL: {Reason}")]
    public static partial void InstallFailed(ILogger logger, string tool, string reason);

    [LoggerMessage(1702, LogLevel.Information, "Created a PostgreSQL {MajorVersion} cluster in {Folder}")]
    public static partial void ClusterCreated(ILogger logger, int majorVersion, string folder);

    [LoggerMessage(1703, LogLevel.Information, "PostgreSQL {MajorVersion} answers on 127.0.0.1:{Port}; cluster in {Folder}, programs in {BinDirectory}")]
    public static partial void ServerStarted(ILogger logger, int majorVersion, int port, string folder, string binDirectory);

    [LoggerMessage(1704, LogLevel.Information, "Attached to the PostgreSQL server on 127.0.0.1:{Port} that process {OwnerPid} owns; cluster in {Folder}")]
    public static partial void Attached(ILogger logger, int port, int ownerPid, string folder);

    [LoggerMessage(1705, LogLevel.Information, "The PostgreSQL server did not start on port {Port}, perhaps because it was taken; trying another port")]
    public static partial void StartRetried(ILogger logger, int port);

    [LoggerMessage(1706, LogLevel.Information, "Stopped the PostgreSQL server of {Folder}")]
    public static partial void ServerStopped(ILogger logger, string folder);

    [LoggerMessage(1707, LogLevel.Error, "The PostgreSQL server of {Folder} ended by itself with exit code {ExitCode}; see {LogFile}")]
    public static partial void ServerEnded(ILogger logger, string folder, int exitCode, string logFile);

    [LoggerMessage(1708, LogLevel.Warning, "The process that guards the server of {Folder} is gone; stopping the server without it")]
    public static partial void SupervisorLost(ILogger logger, Exception exception, string folder);

    [LoggerMessage(1709, LogLevel.Warning, "Process {Pid}, which guards the server of {Folder}, does not end; it is killed")]
    public static partial void SupervisorStuck(ILogger logger, int pid, string folder);

    [LoggerMessage(1710, LogLevel.Warning, "Stopping PostgreSQL process {Pid} of {Folder}, whose owner and guard are gone")]
    public static partial void StoppingAbandonedServer(ILogger logger, int pid, string folder);

    [LoggerMessage(1711, LogLevel.Information, "Removed {Folder}, left behind by a process that is gone")]
    public static partial void StaleFolderRemoved(ILogger logger, string folder);

    [LoggerMessage(1712, LogLevel.Warning, "{Folder}, left behind by a process that is gone, could not be removed; the next start tries again")]
    public static partial void StaleFolderKept(ILogger logger, Exception exception, string folder);

    [LoggerMessage(1713, LogLevel.Warning, "Locale C.UTF-8 is not on this machine; the cluster in {Folder} uses C")]
    public static partial void LocaleReplaced(ILogger logger, string folder);

    [LoggerMessage(1714, LogLevel.Error, "The local PostgreSQL server of {Folder} could not be stopped")]
    public static partial void StopFailed(ILogger logger, Exception exception, string folder);
}
