namespace PgConductor.Cli.Output;

/// <summary>What --json shows of a limit (docs/reference/cli.md).</summary>
internal sealed record LimitView(
    string Task, LimitScope Scope, string? Key, int Running, int Held, int? Concurrency, int? RateCount, double? RateSeconds, int? Burst,
    double? Tokens, long Waiting, double? OpensInSeconds)
{
    public static LimitView From(LimitInfo info) => new(
        info.TaskKey, info.Scope, info.Key, info.Running, info.Held, info.Concurrency, info.Rate?.Count, info.Rate?.Period.TotalSeconds, info.Rate?.Burst,
        info.Tokens, info.Waiting, info.OpensIn?.TotalSeconds);
}
