using System.Diagnostics;
using PgConductor.Postgres.Processes;
using Xunit;

namespace PgConductor.UnitTests.Postgres;

public sealed class ProcessIdentityTests
{
    [Fact]
    public void This_process_is_alive() => Assert.True(ProcessIdentity.Current.IsAlive());

    [Fact]
    public void A_process_with_the_same_id_and_another_start_is_another_process() =>
        Assert.False((ProcessIdentity.Current with { Started = "earlier" }).IsAlive());

    [Fact]
    public async Task A_process_that_ended_is_not_alive()
    {
        using Process child = Process.Start(new ProcessStartInfo("sleep", "600"))!;
        ProcessIdentity? identity = ProcessIdentity.Of(child.Id);
        Assert.True(identity?.IsAlive());

        child.Kill();
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.False(identity!.IsAlive());
    }
}
