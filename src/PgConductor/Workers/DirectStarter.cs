using Microsoft.Extensions.Logging;
using PgConductor.Client;
using PgConductor.Database;

namespace PgConductor.Workers;

/// <summary>Finds the worker of this process that would start an execution of a task at once.</summary>
internal sealed class DirectStarter(IEnumerable<Worker> workers, IReadOnlyDictionary<string, TaskRegistration> tasks, ILogger logger) : IDirectStarter
{
    private readonly Dictionary<string, Worker> _workers = workers.ToDictionary(worker => worker.Queue, StringComparer.Ordinal);
    private bool _refused;

    public IDirectStart? TryBegin(in Invocation invocation) =>
        !Volatile.Read(ref _refused)
        && tasks.TryGetValue(invocation.TaskKey, out var task)
        && Suits(task)
        && _workers.TryGetValue(invocation.Queue ?? task.Definition.Options.Queue, out var worker)
            ? worker.TryBeginDirectStart(invocation.Id, OnRefused)
            : null;

    private void OnRefused(ConductorException reason)
    {
        if (!Interlocked.Exchange(ref _refused, true))
        {
            WorkerLog.DirectStartRefused(logger, reason);
        }
    }

    /// <summary>What waits for company, for its window or for its turn does not start at once.</summary>
    private static bool Suits(TaskRegistration task) =>
        task is not BatchRegistration && task.Definition.Options is { Windows: null or { Count: 0 }, Limits: null };
}
