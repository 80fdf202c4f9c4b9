using Microsoft.Extensions.Logging;
using PgConductor.Cli.Connections;
using PgConductor.Cli.Logging;
using PgConductor.Orchestration;

namespace PgConductor.Cli.Commands;

/// <summary>Runs tasks until told to stop, and says when it is ready and why it ends.</summary>
internal sealed class WorkerRun(CommandContext context, WorkerSettings settings)
{
    /// <summary>Runs.</summary>
    /// <param name="database">Where.</param>
    /// <param name="tasks">What.</param>
    /// <param name="options">How.</param>
    /// <param name="announce">Called when executions are being claimed.</param>
    public async Task<int> RunAsync(CliDatabase database, TaskCollection tasks, OrchestratorOptions options, Action<Orchestrator> announce)
    {
        var environment = context.Environment;
        // What is shown; what is kept with executions is not less because less is shown.
        using var logging = LoggerFactory.Create(builder => builder
            .SetMinimumLevel(LogLevel.Trace)
            .AddFilter<OutputLoggerProvider>(null, settings.LogLevel)
            .AddProvider(new OutputLoggerProvider(context.Output, environment.TimeProvider, settings.LogLevel <= LogLevel.Debug)));
        await using var orchestrator = new Orchestrator(database.Conductor, tasks, settings.Apply(options), loggerFactory: logging);
        await orchestrator.StartAsync(environment.Stop);
        announce(orchestrator);

        // The second signal: handlers are cancelled at once.
        await using var now = environment.StopNow.Register(() => _ = orchestrator.StopAsync(environment.StopNow));
        var reason = settings.Drain ? await DrainAsync(orchestrator) : await WaitAsync(orchestrator);
        if (reason is not null)
        {
            context.Output.Write(new { Event = "stopping", Reason = reason }, $"stopping: {reason}; a second signal ends it now");
        }

        await orchestrator.StopAsync(environment.StopNow);
        context.Output.Write(new { Event = "stopped", Orchestrator = orchestrator.Id }, "stopped");
        return environment.StopNow.IsCancellationRequested ? ExitCodes.Interrupted : ExitCodes.Ok;
    }

    private async Task<string> WaitAsync(Orchestrator orchestrator)
    {
        var signalled = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = context.Environment.Stop.Register(() => signalled.TrySetResult("asked to by a signal"));
        return await await Task.WhenAny(signalled.Task, orchestrator.StopRequested);
    }

    private async Task<string?> DrainAsync(Orchestrator orchestrator)
    {
        await orchestrator.DrainAsync(context.Environment.Stop);
        return null;
    }
}
