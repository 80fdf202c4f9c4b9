using System.Diagnostics;
using PgConductor;
using PgConductor.Client;
using PgConductor.Orchestration;

namespace FileDigest;

/// <summary>One worker, in a process of its own so that it can be killed.</summary>
internal sealed class WorkerProcess : IDisposable
{
    /// <summary>Short, so that the demo shows the takeover within seconds; the defaults are 5 s and 30 s.</summary>
    private static readonly OrchestratorOptions _options = new()
    {
        Heartbeat = TimeSpan.FromMilliseconds(500),
        Takeover = TimeSpan.FromSeconds(2),
        Worker = new WorkerOptions { Concurrency = 4 },
    };

    private readonly Process _process;

    private WorkerProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What a worker process does.</summary>
    public static async Task RunAsync(string connection)
    {
        await using var conductor = new Conductor(new ConductorOptions { ConnectionString = connection, ApplicationName = "digest-worker" });
        var tasks = new TaskCollection().Add(DigestTask.Definition, DigestTask.RunAsync);
        await using var orchestrator = new Orchestrator(conductor, tasks, _options);

        // A worker whose parent is gone ends too: its input closes.
        using var orphaned = new CancellationTokenSource();
        _ = Task.Run(async () =>
        {
            while (await Console.In.ReadLineAsync() is not null)
            {
            }

            await orphaned.CancelAsync();
        });
        await orchestrator.RunAsync(orphaned.Token);
    }

    public static WorkerProcess Start(string connection)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(WorkerProcess).Assembly.Location);
        }

        start.ArgumentList.Add("--worker");
        start.ArgumentList.Add(connection);
        return new WorkerProcess(Process.Start(start)!);
    }

    /// <summary>SIGKILL: no goodbye, no clean-up.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Asks it to finish what it runs and end.</summary>
    public async Task StopAsync()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync();
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
