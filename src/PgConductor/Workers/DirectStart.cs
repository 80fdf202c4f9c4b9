using PgConductor.Client;
using PgConductor.Database;
using PgConductor.Diagnostics;

namespace PgConductor.Workers;

/// <summary>A slot of a worker that is kept for one execution while this process enqueues and claims it.</summary>
internal sealed class DirectStart(WorkerServices services, ClaimUnderWay underWay, Action<Claim, ClaimUnderWay> onClaimed, Action<ClaimUnderWay> onEnd, Action<ConductorException> onRefused, CancellationToken abandoned) : IDirectStart
{
    private readonly long _begun = services.TimeProvider.GetTimestamp();

    public Guid OrchestratorId => services.OrchestratorId;

    public string Queue => services.Queue;

    public CancellationToken Abandoned => abandoned;

    public void Start(Claim claim)
    {
        onClaimed(claim, underWay);
        Telemetry.Claimed(claim.Executions.Count, services.Queue, services.TimeProvider.GetElapsedTime(_begun));
    }

    public void Refused(ConductorException reason) => onRefused(reason);

    public void Dispose() => onEnd(underWay);
}
