namespace PgConductor.Bench.Workloads.Growth;

/// <summary>What a process is to do, in its environment.</summary>
/// <param name="Total">Executions there will ever be, numbered from 0.</param>
internal sealed record GrowthSpec(string ConnectionString, int Queues, int Tasks, bool Keep, int Concurrency, int MaxClaim, int Total);

/// <summary>What a process measured in one pass.</summary>
/// <param name="Ran">Executions it started.</param>
/// <param name="EndedAt">When it started the last that was wanted, by the machine's monotonic clock (Stopwatch), which all processes share; 0: none.</param>
/// <param name="ProcessorMicroseconds">Processor time used.</param>
/// <param name="HeapPeakBytes">The most managed memory in use, garbage included, beyond what it had before it made its orchestrator.</param>
/// <param name="WorkingSetBytes">At the end.</param>
/// <param name="ClaimsMs">How long each claim took that found work, as the engine's metric has it.</param>
internal sealed record GrowthReport(int Ran, long EndedAt, double ProcessorMicroseconds, long HeapPeakBytes, long WorkingSetBytes, double[] ClaimsMs);
