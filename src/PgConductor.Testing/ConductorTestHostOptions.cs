using System.Globalization;
using Microsoft.Extensions.Logging;
using PgConductor.Testing.Clocks;

namespace PgConductor.Testing;

/// <summary>How a test host is made.</summary>
public sealed record ConductorTestHostOptions
{
    /// <summary>The server to make the host's database on: an Npgsql connection string or a postgres:// URL whose user may make databases.</summary>
    /// <value>Default null: the environment variable DATABASE_URL, else a local server, which all hosts of this process share and which ends with it.</value>
    public string? Server { get; init; }

    /// <summary>Where the clock stands at first.</summary>
    /// <value>Default 2030-01-02T03:04:05Z, a Wednesday; the same in every run.</value>
    public DateTimeOffset Start { get; init; } = DateTimeOffset.Parse(ClockSql.DefaultStart, CultureInfo.InvariantCulture);

    /// <summary>Settings of the host's processes.</summary>
    /// <value>
    /// Default: workers look for work every 50 ms at the latest, a heartbeat, which finds the schedules that a move of the clock made
    /// due, comes every 200 ms, and the end of the host waits 1 s for handlers before it cancels them; all else as in
    /// production. Schedules need <see cref="OrchestratorOptions.Service"/>, as they do there.
    /// </value>
    public OrchestratorOptions Orchestrator { get; init; } = new()
    {
        Worker = new WorkerOptions { MaxPollInterval = TimeSpan.FromMilliseconds(50) },
        Heartbeat = TimeSpan.FromMilliseconds(200),
        DrainTimeout = TimeSpan.FromSeconds(1),
    };

    /// <summary>Changes the settings of the host's clients, such as the JSON types; the connection and the clock stay the host's.</summary>
    /// <value>Default null: nothing is changed.</value>
    public Func<ConductorOptions, ConductorOptions>? Conductor { get; init; }

    /// <summary>Where handlers that are classes, and <see cref="TaskContext.Services"/>, come from.</summary>
    /// <value>Default null: none. Stays the caller's.</value>
    public IServiceProvider? Services { get; init; }

    /// <summary>Receives the engine's logs.</summary>
    /// <value>Default null: none. Stays the caller's.</value>
    public ILoggerFactory? LoggerFactory { get; init; }
}
