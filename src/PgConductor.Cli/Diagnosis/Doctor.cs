using System.Globalization;
using PgConductor.Cli.Output;
using PgConductor.Client;

namespace PgConductor.Cli.Diagnosis;

/// <summary>Looks at everything that has to be right, through the public API.</summary>
internal sealed class Doctor(IConductor conductor, string description, TimeProvider timeProvider)
{
    private const int OldestServer = 15;

    /// <summary>Longer than any default takeover time: a process this silent is gone.</summary>
    private static readonly TimeSpan _silent = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _held = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _heldForLong = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan _late = TimeSpan.FromMinutes(1);

    /// <summary>Every finding, at least one for each check that could be made.</summary>
    public async Task<IReadOnlyList<Finding>> ExamineAsync(CancellationToken cancellationToken)
    {
        DatabaseInfo database;
        try
        {
            database = await conductor.GetDatabaseInfoAsync(cancellationToken);
        }
        catch (ConductorException exception)
        {
            return [Finding.Error("connection", $"{description}: {exception.Message}", "Check that the server runs, and the connection string's host, port, user and password.")];
        }

        var findings = new List<Finding> { Finding.Ok("connection", description), Server(database.ServerVersion), Schema(database) };
        if (database.SchemaVersion is null || !database.IsUpToDate)
        {
            return findings;
        }

        findings.AddRange(Settings.Judge(await conductor.GetServerSettingsAsync(cancellationToken)));
        findings.AddRange(Horizon(await conductor.GetHeldHorizonAsync(_held, cancellationToken)));
        var orchestrators = await conductor.ListOrchestratorsAsync(cancellationToken);
        findings.AddRange(Orchestrators(orchestrators));
        findings.AddRange(Queues(await conductor.ListQueuesAsync(cancellationToken)));
        findings.AddRange(History(await conductor.GetMaintenanceStatusAsync(cancellationToken), DateOnly.FromDateTime(timeProvider.GetUtcNow().UtcDateTime)));
        findings.AddRange(DeadLetters(await conductor.CountAsync(cancellationToken: cancellationToken)));
        return findings;
    }

    private static Finding Server(Version version) => version.Major >= OldestServer
        ? Finding.Ok("server", $"PostgreSQL {version}")
        : Finding.Error("server", $"PostgreSQL {version} is too old", $"Upgrade to PostgreSQL {OldestServer} or newer.");

    private static Finding Schema(DatabaseInfo database) => database switch
    {
        { SchemaVersion: null } => Finding.Error("schema", "the schema is not installed", "Run `pgconductor migrate`."),
        { IsUpToDate: false } => Finding.Error("schema", $"version {database.SchemaVersion} differs from this library's {database.LibrarySchemaVersion}", "Run `pgconductor migrate`."),
        _ when database.SchemaVersion > database.LibrarySchemaVersion => Finding.Warning("schema", $"version {database.SchemaVersion} is newer than this library's {database.LibrarySchemaVersion}", "Upgrade this pgconductor."),
        _ => Finding.Ok("schema", $"version {database.SchemaVersion}"),
    };

    private static IEnumerable<Finding> Horizon(IReadOnlyList<HeldHorizon> held)
    {
        if (held.Count == 0)
        {
            yield return Finding.Ok("horizon", "no transaction keeps deleted rows from being cleaned up");
        }

        foreach (var transaction in held)
        {
            var message = string.Create(CultureInfo.InvariantCulture, $"a transaction of {transaction.ApplicationName ?? "?"} (user {transaction.UserName}, pid {transaction.ProcessId}, {transaction.State}) is open for {Text.Age(transaction.Age)}: deleted rows pile up");
            var remedy = string.Create(CultureInfo.InvariantCulture, $"End it there, or with select pg_terminate_backend({transaction.ProcessId}); against the next one, set idle_in_transaction_session_timeout.");
            yield return transaction.Age > _heldForLong ? Finding.Error("horizon", message, remedy) : Finding.Warning("horizon", message, remedy);
        }
    }

    private static IEnumerable<Finding> Orchestrators(IReadOnlyList<OrchestratorInfo> orchestrators)
    {
        var silent = orchestrators.Where(orchestrator => orchestrator.Silent > _silent).ToList();
        foreach (var orchestrator in silent)
        {
            yield return Finding.Warning(
                "orchestrators",
                $"{orchestrator.Name} ({orchestrator.Id}) was heard of {Text.Age(orchestrator.Silent)} ago and holds {orchestrator.Running} executions",
                silent.Count == orchestrators.Count ? "Start a worker: it takes them over at once." : "See whether its process runs; another takes its work over when its takeover time has passed.");
        }

        var live = orchestrators.Count - silent.Count;
        if (live > 0)
        {
            yield return Finding.Ok("orchestrators", $"{live} running");
        }
        else if (silent.Count == 0)
        {
            yield return Finding.Warning("orchestrators", "no process runs executions", "Start one: `pgconductor worker start --config=FILE`.");
        }
    }

    private static IEnumerable<Finding> Queues(IReadOnlyList<QueueInfo> queues)
    {
        foreach (var queue in queues)
        {
            var backlog = $"{queue.Name}: {queue.Ready} ready{(queue.OldestDue is { } age ? $", the oldest due for {Text.Age(age)}" : "")}";
            yield return queue switch
            {
                { Ready: > 0, Paused: true } => Finding.Warning("queue", $"{backlog}; it is paused", $"Run `pgconductor queues resume {queue.Name}` when it may go on."),
                { Ready: > 0, Workers: 0 } => Finding.Warning("queue", $"{backlog}; nobody serves it", $"Start a worker that serves queue {queue.Name}."),
                { OldestDue: { } late } when late > _late => Finding.Warning("queue", backlog, "Add workers or concurrency; or, if they are idle, see whether one of them serves these tasks (`pgconductor executions count`)."),
                _ => Finding.Ok("queue", backlog),
            };
        }
    }

    /// <summary>Housekeeping comes every ten minutes while a process runs: what is over since the day before yesterday was forgotten.</summary>
    private static IEnumerable<Finding> History(IReadOnlyList<MaintenanceStatus> parts, DateOnly today)
    {
        foreach (var part in parts)
        {
            if (part.Oldest < today.AddDays(-1))
            {
                yield return Finding.Error("history", $"{part.Table}: {part.Overdue} partitions are overdue, the oldest since {part.Oldest:O}: housekeeping does not get through", "See why: event 1109 in the workers' logs, or `select * from pgconductor.maintain()` as the owner of the tables. A reader that stays in a transaction keeps it from them.");
            }
            else if (part is { DaysAhead: 0, Table: not "execution_logs" } or { InDefault: > 100_000 })
            {
                yield return Finding.Warning("history", $"{part.Table}: {part.DaysAhead} days have a partition, {part.InDefault} rows are in the default one", "Run `select * from pgconductor.maintain()` as the owner of the tables, or start a worker: it does so every ten minutes.");
            }
            else
            {
                yield return Finding.Ok("history", $"{part.Table}: {part.DaysAhead} days ahead");
            }
        }
    }

    private static IEnumerable<Finding> DeadLetters(IReadOnlyList<ExecutionCount> counts)
    {
        var failed = counts.Where(count => count.State == ExecutionState.Failed).GroupBy(count => count.TaskKey, StringComparer.Ordinal).ToList();
        if (failed.Count == 0)
        {
            yield return Finding.Ok("dead letters", "none");
        }

        foreach (var task in failed)
        {
            yield return Finding.Warning("dead letters", $"{task.Sum(count => count.Count)} of task {task.Key}", $"See why: `pgconductor executions list --state failed --task {task.Key}`; then `pgconductor executions retry ID`.");
        }
    }
}
