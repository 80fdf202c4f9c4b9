using PgConductor.Client;
using PgConductor.Database;
using PgConductor.Orchestration;
using PgConductor.Testing.Clocks;
using PgConductor.Testing.Processes;
using PgConductor.Workers;

namespace PgConductor.Testing;

/// <summary>One process of a test host, as far as the database can tell: an identity of its own, with its own connections.</summary>
/// <remarks>Thread-safe. It ends with its host.</remarks>
public sealed class TestProcess
{
    private volatile bool _crashed;

    internal TestProcess(ConductorOptions options, CallGate gate, TaskCollection tasks, HandlerFaults faults, ConductorTestHostOptions settings)
    {
        Conductor = new Conductor(options, checkedOptions => HostDatabase.Wrap(new DatabaseClient(checkedOptions), gate, () => _crashed));
        Orchestrator = new Orchestrator(Conductor, tasks.Wrap(task => task is BatchRegistration batch ? new FaultyBatchRegistration(batch, faults) : new FaultyRegistration(task, faults)), settings.Orchestrator, settings.Services, settings.LoggerFactory);
        Tasks = tasks;
    }

    /// <summary>Its identity in the database.</summary>
    public Guid Id => Orchestrator.Id;

    /// <summary>Whether <see cref="Crash"/> was called.</summary>
    public bool HasCrashed => _crashed;

    internal Conductor Conductor { get; }

    internal Orchestrator Orchestrator { get; }

    internal TaskCollection Tasks { get; }

    /// <summary>Cuts it off as a crash does: no call of it reaches the database any more, heartbeats, outcomes and farewell included.</summary>
    /// <remarks>
    /// What it was running is taken over by another process of the host once the clock has passed
    /// <see cref="OrchestratorOptions.Takeover"/>, attempts counted. Its handlers are not killed, which nothing can do inside one
    /// program: they run on like those of a process that was frozen, and what they report is lost.
    /// </remarks>
    public void Crash() => _crashed = true;

    /// <summary>Ends it. A crashed one may speak once more, to be told that it is dead; else it would try for as long as a real one does.</summary>
    internal async ValueTask EndAsync()
    {
        _crashed = false;
        await Orchestrator.DisposeAsync().ConfigureAwait(false);
        await Conductor.DisposeAsync().ConfigureAwait(false);
    }
}
