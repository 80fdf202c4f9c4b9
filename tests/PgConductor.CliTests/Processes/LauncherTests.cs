using System.Diagnostics;
using Xunit;

namespace PgConductor.CliTests.Processes;

/// <summary>./pgconductor at the root.</summary>
public sealed class LauncherTests
{
    [Fact]
    public async Task It_runs_from_any_folder_through_links_several_at_once_and_builds_only_once()
    {
        using var folder = new TestFolder();
        File.CreateSymbolicLink(Path.Combine(folder.Root, "first"), Path.Combine(Checkout.Root, "pgconductor"));
        File.CreateSymbolicLink(Path.Combine(folder.Root, "second"), "first");

        var runs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Run(folder.Root, "--version")));

        Assert.All(runs, run => Assert.Equal((0, true), (run.ExitCode, run.Out.StartsWith("0.1.0", StringComparison.Ordinal))));
        Assert.True(runs.Sum(run => run.Error.Split("building").Length - 1) <= 3);
        var again = await Run(folder.Root, "executions", "show", "x y");
        Assert.Equal((2, ""), (again.ExitCode, again.Out));
        Assert.DoesNotContain("building", again.Error, StringComparison.Ordinal);
        Assert.Contains("\"x y\" is not an id", again.Error, StringComparison.Ordinal);
    }

    private static async Task<CliResult> Run(string folder, params string[] args)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(folder, "second"), args) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new CliResult(process.ExitCode, await output, await error);
    }
}
