using Npgsql;
using PgConductor.Bench.Measures;
using PgConductor.Bench.Plots;
using PgConductor.Bench.Server;
using PgConductor.Bench.Workloads;
using PgConductor.Bench.Workloads.Growth;
using PgConductor.Postgres;

namespace PgConductor.Bench;

/// <summary>Runs workloads and prints what they measured. Exit code 0: all verified; 1: one was not; 2: it could not run; 3: a ratio was below --at-least.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = true;
            stop.Cancel();
        };
        try
        {
            if (args is [RecoverChild.Verb, ..])
            {
                return await RecoverChild.RunAsync(stop.Token);
            }

            if (args is [IdleChild.Verb, ..])
            {
                return await IdleChild.RunAsync(stop.Token);
            }

            if (args is [GrowthChild.Verb, ..])
            {
                return await GrowthChild.RunAsync(stop.Token);
            }

            if (args is [PlotCommand.Verb, ..])
            {
                return PlotCommand.Run(args[1..]);
            }

            var options = BenchOptions.Parse(args);
            if (options.Help)
            {
                Console.WriteLine(BenchOptions.HelpText);
                return 0;
            }

            return await RunAsync(options, stop.Token);
        }
        catch (Exception exception) when (exception is BenchException or ConductorException or LocalPostgresException or NpgsqlException)
        {
            await Console.Error.WriteLineAsync($"bench: {exception.Message}");
            return 2;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("bench: stopped");
            return 2;
        }
    }

    private static async Task<int> RunAsync(BenchOptions options, CancellationToken stop)
    {
        var reporter = new Reporter(options.Json, Console.Out);
        var verified = true;
        var reached = true;
        await using var server = await BenchServer.StartAsync(options, stop);
        foreach (var workload in options.Workloads)
        {
            await using var database = await server.CreateDatabaseAsync(stop);
            var run = new BenchRun(options, workload, server, database);
            foreach (var result in await workload.RunAsync(run, stop))
            {
                reporter.Write(result);
                verified &= result.Verified;
                if (result.Ratio < options.AtLeast)
                {
                    reached = false;
                    await Console.Error.WriteLineAsync($"bench: {workload.Name}: the ratio {result.Ratio:0.###} is below {options.AtLeast}");
                }
            }
        }

        return !verified ? 1 : reached ? 0 : 3;
    }
}
