using Microsoft.Extensions.Configuration;

namespace PgConductor.Hosting.Configuration;

/// <summary>Reads the settings of a configuration section into options, collecting every fault instead of throwing at the first.</summary>
/// <remarks>Not the stock binder: that stops at the first value it cannot read, and skips misspelt names without a word.</remarks>
internal static class SettingsReader
{
    private static readonly string[] _conductorNames =
    [
        nameof(ConductorOptions.ConnectionString), nameof(ConductorOptions.MaxPayloadBytes), nameof(ConductorOptions.StatementTimeout),
        nameof(ConductorOptions.RetryTimeout), nameof(ConductorOptions.TransactionPooler), nameof(ConductorOptions.ApplicationName),
    ];

    private static readonly string[] _orchestratorNames =
    [
        nameof(OrchestratorOptions.Queues), nameof(OrchestratorOptions.OnlyNamedQueues), nameof(OrchestratorOptions.Worker), nameof(OrchestratorOptions.Heartbeat),
        nameof(OrchestratorOptions.Takeover), nameof(OrchestratorOptions.DrainTimeout), nameof(OrchestratorOptions.CancelTimeout),
        nameof(OrchestratorOptions.Listen), nameof(OrchestratorOptions.Migrate), nameof(OrchestratorOptions.Name),
        nameof(OrchestratorOptions.Service), nameof(OrchestratorOptions.Logs),
    ];

    private static readonly string[] _logNames =
    [
        nameof(ExecutionLogOptions.Keep), nameof(ExecutionLogOptions.MinLevel), nameof(ExecutionLogOptions.MaxEntries),
        nameof(ExecutionLogOptions.MaxBytes), nameof(ExecutionLogOptions.FlushInterval), nameof(ExecutionLogOptions.MaxWaiting),
    ];

    private static readonly string[] _workerNames =
    [
        nameof(WorkerOptions.Concurrency), nameof(WorkerOptions.MaxClaim), nameof(WorkerOptions.MaxPrefetch),
        nameof(WorkerOptions.PrefetchTime), nameof(WorkerOptions.FlushSize), nameof(WorkerOptions.FlushInterval),
        nameof(WorkerOptions.MinPollInterval), nameof(WorkerOptions.MaxPollInterval), nameof(WorkerOptions.StartDirectly),
    ];

    /// <summary>What the section does not name keeps its value.</summary>
    public static (ConductorOptions Conductor, OrchestratorOptions Orchestrator) Read(IConfigurationSection section, ConductorOptions conductor, OrchestratorOptions orchestrator, ICollection<string> faults)
    {
        var values = new SectionValues(section, faults);
        values.RefuseOthers([.. _conductorNames, .. _orchestratorNames]);
        conductor = conductor with
        {
            ConnectionString = values.Text(nameof(ConductorOptions.ConnectionString), conductor.ConnectionString),
            MaxPayloadBytes = values.Integer(nameof(ConductorOptions.MaxPayloadBytes), conductor.MaxPayloadBytes),
            StatementTimeout = values.Time(nameof(ConductorOptions.StatementTimeout), conductor.StatementTimeout),
            RetryTimeout = values.Time(nameof(ConductorOptions.RetryTimeout), conductor.RetryTimeout),
            TransactionPooler = values.Boolean(nameof(ConductorOptions.TransactionPooler), conductor.TransactionPooler),
            ApplicationName = values.Text(nameof(ConductorOptions.ApplicationName), conductor.ApplicationName),
        };
        var worker = ReadWorker(section.GetSection(nameof(OrchestratorOptions.Worker)), orchestrator.Worker, faults);
        var queues = new Dictionary<string, WorkerOptions>(orchestrator.Queues, StringComparer.Ordinal);
        foreach (var queue in section.GetSection(nameof(OrchestratorOptions.Queues)).GetChildren())
        {
            // A queue says only what differs from the other workers.
            queues[queue.Key] = ReadWorker(queue, queues.GetValueOrDefault(queue.Key) ?? worker, faults);
        }

        orchestrator = orchestrator with
        {
            Worker = worker,
            Queues = queues,
            OnlyNamedQueues = values.Boolean(nameof(OrchestratorOptions.OnlyNamedQueues), orchestrator.OnlyNamedQueues),
            Heartbeat = values.Time(nameof(OrchestratorOptions.Heartbeat), orchestrator.Heartbeat),
            Takeover = values.Time(nameof(OrchestratorOptions.Takeover), orchestrator.Takeover),
            DrainTimeout = values.Time(nameof(OrchestratorOptions.DrainTimeout), orchestrator.DrainTimeout),
            CancelTimeout = values.Time(nameof(OrchestratorOptions.CancelTimeout), orchestrator.CancelTimeout),
            Listen = values.Boolean(nameof(OrchestratorOptions.Listen), orchestrator.Listen),
            Migrate = values.Boolean(nameof(OrchestratorOptions.Migrate), orchestrator.Migrate),
            Name = values.Text(nameof(OrchestratorOptions.Name), orchestrator.Name!),
            Service = values.Text(nameof(OrchestratorOptions.Service), orchestrator.Service!),
            Logs = ReadLogs(section.GetSection(nameof(OrchestratorOptions.Logs)), orchestrator.Logs, faults),
        };
        return (conductor, orchestrator);
    }

    private static ExecutionLogOptions ReadLogs(IConfigurationSection section, ExecutionLogOptions logs, ICollection<string> faults)
    {
        var values = new SectionValues(section, faults);
        values.RefuseOthers(_logNames);
        return logs with
        {
            Keep = values.Retention(nameof(ExecutionLogOptions.Keep), logs.Keep),
            MinLevel = values.Level(nameof(ExecutionLogOptions.MinLevel), logs.MinLevel),
            MaxEntries = values.Integer(nameof(ExecutionLogOptions.MaxEntries), logs.MaxEntries),
            MaxBytes = values.Integer(nameof(ExecutionLogOptions.MaxBytes), logs.MaxBytes),
            FlushInterval = values.Time(nameof(ExecutionLogOptions.FlushInterval), logs.FlushInterval),
            MaxWaiting = values.Integer(nameof(ExecutionLogOptions.MaxWaiting), logs.MaxWaiting),
        };
    }

    private static WorkerOptions ReadWorker(IConfigurationSection section, WorkerOptions worker, ICollection<string> faults)
    {
        var values = new SectionValues(section, faults);
        values.RefuseOthers(_workerNames);
        return worker with
        {
            Concurrency = values.Integer(nameof(WorkerOptions.Concurrency), worker.Concurrency),
            MaxClaim = values.Integer(nameof(WorkerOptions.MaxClaim), worker.MaxClaim),
            MaxPrefetch = values.Integer(nameof(WorkerOptions.MaxPrefetch), worker.MaxPrefetch),
            PrefetchTime = values.Time(nameof(WorkerOptions.PrefetchTime), worker.PrefetchTime),
            FlushSize = values.Integer(nameof(WorkerOptions.FlushSize), worker.FlushSize),
            FlushInterval = values.Time(nameof(WorkerOptions.FlushInterval), worker.FlushInterval),
            MinPollInterval = values.Time(nameof(WorkerOptions.MinPollInterval), worker.MinPollInterval),
            MaxPollInterval = values.Time(nameof(WorkerOptions.MaxPollInterval), worker.MaxPollInterval),
            StartDirectly = values.Boolean(nameof(WorkerOptions.StartDirectly), worker.StartDirectly),
        };
    }
}
