using Microsoft.Extensions.Diagnostics.HealthChecks;
using PgConductor.Hosting.Health;
using PgConductor.Orchestration;
using Xunit;

namespace PgConductor.UnitTests.Hosting;

public sealed class HeartbeatJudgeTests
{
    [Theory]
    [InlineData(OrchestratorPhase.Running, 5, true, HealthStatus.Healthy)]
    [InlineData(OrchestratorPhase.Running, 11, true, HealthStatus.Degraded)]
    [InlineData(OrchestratorPhase.Running, 30, true, HealthStatus.Unhealthy)]
    [InlineData(OrchestratorPhase.Running, 1, false, HealthStatus.Unhealthy)]
    [InlineData(OrchestratorPhase.Created, 0, true, HealthStatus.Unhealthy)]
    [InlineData(OrchestratorPhase.Stopping, 1, true, HealthStatus.Degraded)]
    [InlineData(OrchestratorPhase.Stopping, 31, true, HealthStatus.Unhealthy)]
    [InlineData(OrchestratorPhase.Stopped, 1, true, HealthStatus.Unhealthy)]
    public void A_state_means(OrchestratorPhase phase, int silentSeconds, bool registered, HealthStatus expected)
    {
        var findings = new HealthFindings();

        HeartbeatJudge.Judge(new OrchestratorStatus(phase, TimeSpan.FromSeconds(silentSeconds), registered), new OrchestratorOptions(), findings);

        Assert.Equal(expected, findings.ToResult(HealthStatus.Unhealthy).Status);
    }

    [Fact]
    public void The_worst_finding_decides_and_all_are_told()
    {
        var findings = new HealthFindings();
        findings.Degraded("slow");
        findings.Failed("gone");

        var result = findings.ToResult(HealthStatus.Degraded);

        Assert.Equal(HealthStatus.Degraded, result.Status);
        Assert.Equal("gone; slow", result.Description);
    }
}
