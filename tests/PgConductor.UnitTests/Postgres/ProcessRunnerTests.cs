using System.Diagnostics;
using PgConductor.Postgres.Processes;
using Xunit;

namespace PgConductor.UnitTests.Postgres;

public sealed class ProcessRunnerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_command_gives_its_exit_code_and_both_streams()
    {
        CommandResult result = await Run("echo out; echo err >&2; exit 3");

        Assert.Equal(new CommandResult(3, "out\n", "err\n"), result);
        Assert.Equal("out\nerr", result.Tail());
    }

    [Fact]
    public async Task Long_output_does_not_block_the_command()
    {
        CommandResult result = await Run("i=0; while [ $i -lt 20000 ]; do echo 0123456789; echo 0123456789 >&2; i=$((i + 1)); done");

        Assert.Equal((220_000, 220_000), (result.Output.Length, result.Errors.Length));
    }

    [Fact]
    public async Task A_program_that_does_not_exist_is_a_result_and_not_an_exception()
    {
        CommandResult result = await ProcessRunner.RunAsync(["/no/such/program"], TimeSpan.FromSeconds(10), ct: Ct);

        Assert.Equal(CommandResult.NotStarted, result.ExitCode);
        Assert.Contains("/no/such/program could not be started", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_takes_too_long_is_ended_with_what_it_said()
    {
        CommandResult result = await ProcessRunner.RunAsync(["sh", "-c", "echo early; exec sleep 600"], TimeSpan.FromSeconds(1), ct: Ct);

        Assert.Equal(CommandResult.TimedOut, result.ExitCode);
        Assert.Contains("early", result.Tail(), StringComparison.Ordinal);
        Assert.Contains("did not end within 1 s", result.Tail(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_keeps_the_output_open_does_not_hold_the_caller_up()
    {
        var clock = Stopwatch.StartNew();

        CommandResult result = await Run("sleep 600 & echo $!");

        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 60);
        using Process service = Process.GetProcessById(int.Parse(result.Output, System.Globalization.CultureInfo.InvariantCulture));
        service.Kill();
    }

    private static Task<CommandResult> Run(string script) => ProcessRunner.RunAsync(["sh", "-c", script], TimeSpan.FromMinutes(5), ct: Ct);
}
