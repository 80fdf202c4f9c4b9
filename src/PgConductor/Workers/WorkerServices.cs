using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PgConductor.Client;
using PgConductor.Database;
using PgConductor.Diagnostics;
using PgConductor.Serialization;
using PgConductor.Steps;

namespace PgConductor.Workers;

/// <summary>What the parts of one worker share.</summary>
internal sealed record WorkerServices
{
    public required string Queue { get; init; }

    public required WorkerOptions Options { get; init; }

    public required Guid OrchestratorId { get; init; }

    public required IDatabaseClient Database { get; init; }

    public required IConductor Conductor { get; init; }

    public required PayloadSerializer Serializer { get; init; }

    public required IReadOnlyDictionary<string, TaskRegistration> Tasks { get; init; }

    public required TimeProvider TimeProvider { get; init; }

    public required ILoggerFactory LoggerFactory { get; init; }

    public required bool Listens { get; init; }

    /// <summary>What steps need; one for the process, so that their writes go together.</summary>
    public required FlowServices Flows { get; init; }

    public IServiceScopeFactory? ScopeFactory { get; init; }

    /// <summary>Takes the log lines of executions; null: none are kept.</summary>
    public ExecutionLogWriter? Logs { get; init; }

    /// <summary>Told when the database says that this process is not registered any more.</summary>
    public required Action OnFenced { get; init; }
}
