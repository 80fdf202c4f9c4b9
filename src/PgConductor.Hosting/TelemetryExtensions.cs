using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace PgConductor.Hosting;

/// <summary>Adds PgConductor's metrics and traces to OpenTelemetry; docs/reference/telemetry.md lists them.</summary>
public static class TelemetryExtensions
{
    /// <summary>The name of the meter and of the activity source, for programs that listen without OpenTelemetry.</summary>
    public const string SourceName = "PgConductor";

    /// <summary>Collects PgConductor's metrics.</summary>
    public static MeterProviderBuilder AddPgConductorInstrumentation(this MeterProviderBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddMeter(SourceName);
    }

    /// <summary>Collects PgConductor's traces: an "invoke" span where an execution is enqueued, a "run" span where it runs, as its child.</summary>
    public static TracerProviderBuilder AddPgConductorInstrumentation(this TracerProviderBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddSource(SourceName);
    }
}
