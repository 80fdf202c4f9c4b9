using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace PgConductor.Hosting.Health;

/// <summary>What one check found; its worst finding decides, and all are told.</summary>
internal sealed class HealthFindings
{
    private readonly List<string> _failures = [];
    private readonly List<string> _degradations = [];
    private Exception? _exception;

    public Dictionary<string, object> Data { get; } = new(StringComparer.Ordinal);

    public void Failed(string what, Exception? exception = null)
    {
        _failures.Add(what);
        _exception ??= exception;
    }

    public void Degraded(string what) => _degradations.Add(what);

    public HealthCheckResult ToResult(HealthStatus failureStatus)
    {
        var status = _failures.Count > 0 ? failureStatus : _degradations.Count > 0 ? HealthStatus.Degraded : HealthStatus.Healthy;
        var description = string.Join("; ", [.. _failures, .. _degradations]);
        return new HealthCheckResult(status, description.Length == 0 ? null : description, _exception, Data);
    }
}
