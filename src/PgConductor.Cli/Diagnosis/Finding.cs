namespace PgConductor.Cli.Diagnosis;

/// <summary>How bad it is.</summary>
internal enum CheckStatus
{
    Ok,
    Warning,
    Error,
}

/// <summary>What one check found, and what to do about it.</summary>
internal sealed record Finding(string Check, CheckStatus Status, string Message, string? Remedy = null)
{
    public static Finding Ok(string check, string message) => new(check, CheckStatus.Ok, message);

    public static Finding Warning(string check, string message, string remedy) => new(check, CheckStatus.Warning, message, remedy);

    public static Finding Error(string check, string message, string remedy) => new(check, CheckStatus.Error, message, remedy);
}
