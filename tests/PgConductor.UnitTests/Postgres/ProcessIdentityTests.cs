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
        Assert.False((ProcessIdentity.Current with { Started = Earlier }).IsAlive());

    [Theory]
    [InlineData("unknown")]
    [InlineData("4711")]
    [InlineData("boot:4711")]
    [InlineData("")]
    public void A_start_in_another_form_does_not_tell_whether_a_process_is_another(string started) =>
        Assert.True((ProcessIdentity.Current with { Started = started }).IsAlive());

    private static string Earlier => OperatingSystem.IsLinux() ? $"{Guid.Empty}:1" : DateTime.UnixEpoch.ToString("O");

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
