using System.Diagnostics;
using PgConductor;
using PgConductor.Client;
using PgConductor.Orchestration;

namespace OrderFlow;

/// <summary>A worker in a process of its own, so that it can be killed.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;

    private WorkerProcess(Process process) => _process = process;

    /// <summary>What a worker process does, until it is told to stop (SIGTERM, Ctrl+C).</summary>
    /// <param name="connection">The database.</param>
    /// <param name="hurry">Takes over from dead processes after two seconds; the default is thirty.</param>
    public static async Task RunAsync(string connection, bool hurry)
    {
        var options = new OrchestratorOptions { Service = Shop.Service };
        if (hurry)
        {
            options = options with { Heartbeat = TimeSpan.FromMilliseconds(500), Takeover = TimeSpan.FromSeconds(2) };
        }

        await using var conductor = new Conductor(new ConductorOptions { ConnectionString = connection, ApplicationName = Shop.Service });
        await using var orchestrator = new Orchestrator(conductor, Shop.Tasks(), options);
        await orchestrator.RunAsync();
    }

    public static WorkerProcess Start(string connection)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!);
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(WorkerProcess).Assembly.Location);
        }

        start.ArgumentList.Add("worker");
        start.ArgumentList.Add("--hurry");
        start.Environment["DATABASE_URL"] = connection;
        return new WorkerProcess(Process.Start(start)!);
    }

    /// <summary>SIGKILL: no goodbye, no clean-up.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }
}
