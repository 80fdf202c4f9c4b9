using PgConductor.Postgres.Processes;

namespace PgConductor.Postgres.Servers;

/// <summary>Runs the server programs of one cluster and ends them with their owner.</summary>
    internal interface IServerControl
{
    /// <summary>The process that outlives the owner to clear up, where there is one.</summary>
ProcessIdentity? Supervisor { get; }

    /// <summary>Runs a program of the cluster to its end and returns its exit code.</summary>
    Task<int> RunAsync(IReadOnlyList<string> command, CancellationToken ct);

    /// <summary>Starts the server; the inner task ends, with the exit code, when the server does.</summary>
    Task<Task<int>> ServeAsync(ServerCommand server, CancellationToken ct);

    /// <summary>Stops the server, gently and then at once, and removes the folder when it is temporary; called once, as the last thing.</summary>
    /// <exception cref="LocalPostgresException">The server still runs (stop-failed).</exception>
    Task StopAsync(CancellationToken ct);
}
