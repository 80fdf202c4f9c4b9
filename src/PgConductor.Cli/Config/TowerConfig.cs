namespace PgConductor.Cli.Config;

/// <summary>A config file, read and found faultless.</summary>
internal sealed record TowerConfig
{
    /// <summary>The file's folder: command tasks run there.</summary>
    public required string Folder { get; init; }

    public string? Connection { get; init; }

    public required IReadOnlyList<TowerTask> Tasks { get; init; }

    /// <summary>Declared by the service that the file names.</summary>
    public required IReadOnlyList<TowerSchedule> Schedules { get; init; }

    /// <summary>Everything about the process; its queues are those that the file names.</summary>
    public required OrchestratorOptions Orchestrator { get; init; }
}

/// <summary>A task of a config file.</summary>
internal sealed record TowerTask(string Key, TaskOptions Options, TaskBody Body);

/// <summary>What a task does.</summary>
internal abstract record TaskBody;

/// <summary>One of the tasks the command line brings.</summary>
internal sealed record BuiltInBody(string Name) : TaskBody
{
    public static readonly IReadOnlyList<string> Names = ["hello-task", "sleep", "fail", "noop"];
}

/// <summary>A program.</summary>
/// <param name="Program">Its path.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="DoNotRetry">The exit codes that dead-letter at once.</param>
/// <param name="KillGrace">How long after SIGTERM it is killed.</param>
internal sealed record CommandBody(string Program, IReadOnlyList<string> Arguments, IReadOnlySet<int> DoNotRetry, TimeSpan KillGrace) : TaskBody
{
    /// <summary>Far from what shells (126, 127, 128 and more for signals), sysexits (64 to 78) and usual failures (1, 2) return.</summary>
    public const int DefaultDoNotRetry = 100;

    public static readonly TimeSpan DefaultKillGrace = TimeSpan.FromSeconds(5);
}

/// <summary>A web service.</summary>
internal sealed record HttpBody(Uri Url, IReadOnlyDictionary<string, string> Headers) : TaskBody
{
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);
}
