using PgConductor.Orchestration;

namespace PgConductor.Hosting.Health;

/// <summary>Decides what an orchestrator's own state means for health. Pure.</summary>
internal static class HeartbeatJudge
{
    public static void Judge(OrchestratorStatus status, OrchestratorOptions settings, HealthFindings findings)
    {
        findings.Data["phase"] = status.Phase.ToString();
        switch (status.Phase)
        {
            case OrchestratorPhase.Created:
                findings.Failed("the orchestrator has not started");
                return;
            case OrchestratorPhase.Stopped:
                findings.Failed("the orchestrator has stopped");
                return;
            case OrchestratorPhase.Stopping:
                findings.Degraded("the orchestrator is stopping: it claims nothing more");
                break;
            default:
                break;
        }

        findings.Data["heartbeatAge"] = status.Silence;
        if (!status.IsRegistered)
        {
            findings.Failed("the orchestrator was taken over and is not registered again yet");
        }
        else if (status.Silence >= settings.Takeover)
        {
            findings.Failed($"no heartbeat has arrived for {status.Silence:g}; others take this process's work over after {settings.Takeover:g}");
        }
        else if (status.Silence > settings.Heartbeat * 2)
        {
            findings.Degraded($"no heartbeat has arrived for {status.Silence:g}; one is due every {settings.Heartbeat:g}");
        }
    }
}
