namespace PgConductor.Bench.Workloads;

/// <summary>What a part of a flow's time measured.</summary>
/// <param name="Phase">Which part of the workload it belongs to.</param>
/// <param name="AtSecond">When it ended, since the flow began.</param>
/// <param name="PerSecond">Executions that ran, a second.</param>
/// <param name="P99Ms">Invoke to start, of those invoked one by one; null when none was.</param>
/// <param name="DeadRows">Dead rows in the product's tables at its end, as the server counts them.</param>
internal sealed record FlowSlice(string Phase, double AtSecond, double PerSecond, double? P99Ms, long DeadRows);
