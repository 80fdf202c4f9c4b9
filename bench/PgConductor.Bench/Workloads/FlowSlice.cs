namespace PgConductor.Bench.Workloads;

/// <summary>What a part of a flow's time measured.</summary>
/// <param name="Phase">Which part of the workload it belongs to.</param>
/// <param name="AtSecond">When it ended, since the flow began.</param>
/// <param name="PerSecond">Executions that ran, a second.</param>
/// <param name="P99Ms">Invoke to start, of those invoked one by one; null when none was.</param>
/// <param name="DeadRows">Dead rows in the product's tables at its end, as the server counts them.</param>
/// <param name="ProcessorMicrosecondsEach">Processor time of client and server for one execution, all that runs beside it included; null: the server's cannot be seen.</param>
internal sealed record FlowSlice(string Phase, double AtSecond, double PerSecond, double? P99Ms, long DeadRows, double? ProcessorMicrosecondsEach)
{
    /// <summary>The rate just before and just after it of the same flow where nothing is in its way; null: not measured.</summary>
    public double? FreePerSecond { get; init; }

    /// <summary>The processor time of that one.</summary>
    public double? FreeProcessorMicrosecondsEach { get; init; }
}
