using System.Diagnostics;
using System.Globalization;
using PgConductor.Postgres.Processes;
using Xunit;

namespace PgConductor.IntegrationTests.Postgres;

/// <summary>A process of its own that owns a local server, to be killed.</summary>
internal sealed class OwnerProcess : IDisposable
{
    private readonly Process _process;

    private OwnerProcess(Process process) => _process = process;

    public int Pid => _process.Id;

    public int Port { get; private set; }

    public string DataDirectory { get; private set; } = "";

    /// <summary>Starts the process; its temporary clusters are made below the given folder.</summary>
    public static OwnerProcess Begin(TestFolder temporary, string? directory = null)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "PgConductor.PostgresOwner"), directory is null ? [] : [directory])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TMPDIR"] = temporary.Root;
        Process process = Process.Start(start)!;
        process.BeginErrorReadLine();
        return new OwnerProcess(process);
    }

    /// <summary>Starts the process and waits until its server answers.</summary>
    public static async Task<OwnerProcess> Start(TestFolder temporary, string? directory = null)
    {
        OwnerProcess owner = Begin(temporary, directory);
        string? line = await owner._process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.False(line is null, "the owner ended before its server answered");
        owner.Port = int.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture);
        owner.DataDirectory = line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..];
        return owner;
    }

    /// <summary>Ends the process as SIGKILL does: it has no say.</summary>
    public async Task Kill()
    {
        _process.Kill(entireProcessTree: false);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Asks the process to stop its server, and reads what it says last.</summary>
    public async Task<string> Stop()
    {
        await _process.StandardInput.WriteLineAsync("stop");
        string last = (await _process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Trim();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return last;
    }

    public static async Task Signal(ProcessIdentity process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", process.Pid.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: false);
        }

        _process.Dispose();
    }
}
