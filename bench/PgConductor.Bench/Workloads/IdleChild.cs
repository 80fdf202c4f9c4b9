using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Npgsql;
using PgConductor.Bench.Measures;
using PgConductor.Bench.Server;
using PgConductor.Client;
using PgConductor.Orchestration;

namespace PgConductor.Bench.Workloads;

/// <summary>What a process used that had nothing to do.</summary>
internal sealed record IdleFigures(int Ran, double Seconds, long Statements, double ClientSeconds, double? ServerSeconds);

/// <summary>A process with nothing to do: of its own, because whoever looks after the server has something to do.</summary>
internal static class IdleChild
{
    public const string Verb = "idle-child";

    private const string ConnectionVariable = "PGCONDUCTOR_BENCH_CHILD_CONNECTION";
    private const string QueuesVariable = "PGCONDUCTOR_BENCH_CHILD_QUEUES";
    private const string SecondsVariable = "PGCONDUCTOR_BENCH_CHILD_SECONDS";
    private const string OptionsVariable = "PGCONDUCTOR_BENCH_CHILD_OPTIONS";

    /// <summary>So that polling has slowed down to its rest.</summary>
    private const int SettlingSeconds = 15;

    /// <summary>Starts it, and returns what it measured in <paramref name="seconds"/>.</summary>
    public static async Task<IdleFigures> MeasureAsync(BenchRun run, int queues, int seconds, CancellationToken cancellationToken)
    {
        var start = ChildProgram.Start(Verb);
        start.Environment[ConnectionVariable] = run.Database.ConnectionString;
        start.Environment[QueuesVariable] = queues.ToString(CultureInfo.InvariantCulture);
        start.Environment[SecondsVariable] = seconds.ToString(CultureInfo.InvariantCulture);
        start.Environment[OptionsVariable] = JsonSerializer.Serialize(run.WorkerOptions);

        // What is called twice a second would be compiled for good, after its thirtieth call, in the minute that is measured.
        start.Environment["DOTNET_TieredCompilation"] = "0";
        using var child = Process.Start(start)!;
        try
        {
            var line = await child.StandardOutput.ReadToEndAsync(cancellationToken);
            await child.WaitForExitAsync(cancellationToken);
            return child.ExitCode == 0 && line.Length > 0
                ? JsonSerializer.Deserialize<IdleFigures>(line)!
                : throw new BenchException($"the idle process ended with exit code {child.ExitCode}.");
        }
        finally
        {
            if (!child.HasExited)
            {
                child.Kill();
            }
        }
    }

    public static async Task<int> RunAsync(CancellationToken stop)
    {
        var connection = Environment.GetEnvironmentVariable(ConnectionVariable) ?? throw new BenchException($"{Verb} is started by the workload idle only.");
        var queues = int.Parse(Environment.GetEnvironmentVariable(QueuesVariable)!, CultureInfo.InvariantCulture);
        var seconds = int.Parse(Environment.GetEnvironmentVariable(SecondsVariable)!, CultureInfo.InvariantCulture);
        var worker = JsonSerializer.Deserialize<WorkerOptions>(Environment.GetEnvironmentVariable(OptionsVariable)!)!;

        var ran = 0;
        var tasks = new TaskCollection();
        for (var i = 0; i < queues; i++)
        {
            var task = TaskDefinition.Create<Work>($"idle-{i}", new TaskOptions { Queue = i == 0 ? "default" : $"idle-{i}", KeepCompleted = Retention.None });
            tasks.Add(task, (_, _) =>
            {
                Interlocked.Increment(ref ran);
                return Task.CompletedTask;
            });
        }

        int? server;
        await using (var own = NpgsqlDataSource.Create(connection))
        {
            server = await ServerProcessor.FindAsync(own, stop);
        }

        await using var conductor = new Conductor(new ConductorOptions { ConnectionString = connection });
        await using var orchestrator = new Orchestrator(conductor, tasks, new OrchestratorOptions { Worker = worker });
        await orchestrator.StartAsync(stop);
        await Task.Delay(TimeSpan.FromSeconds(Math.Min(SettlingSeconds, seconds)), stop);

        using var statements = new StatementCounter();
        var serverUsed = ServerProcessor.Used(server);
        var used = Process.GetCurrentProcess().TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        await Task.Delay(TimeSpan.FromSeconds(seconds), stop);
        var figures = new IdleFigures(
            ran,
            clock.Elapsed.TotalSeconds,
            statements.Count,
            (Process.GetCurrentProcess().TotalProcessorTime - used).TotalSeconds,
            (ServerProcessor.Used(server) - serverUsed)?.TotalSeconds);
        await orchestrator.StopAsync(stop);
        await Console.Out.WriteLineAsync(JsonSerializer.Serialize(figures));
        return 0;
    }
}
