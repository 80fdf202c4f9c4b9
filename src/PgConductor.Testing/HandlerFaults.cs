using System.Collections.Concurrent;

namespace PgConductor.Testing;

/// <summary>Makes the next attempts of a task fail before its handler is called.</summary>
/// <remarks>Thread-safe. What was ordered and never met is forgotten with the host.</remarks>
public sealed class HandlerFaults
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Exception>> _next = new(StringComparer.Ordinal);

    /// <summary>Fails the next attempts of a task, whichever executions they are of.</summary>
    /// <param name="task">The task.</param>
    /// <param name="error">What is thrown in the handler's place; <see cref="NonRetryableException"/> and <see cref="RetryAfterException"/> mean what they always mean. Null: an <see cref="InvalidOperationException"/>.</param>
    /// <param name="times">How many attempts; at least 1.</param>
    public void FailNext(TaskDefinition task, Exception? error = null, int times = 1)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentOutOfRangeException.ThrowIfLessThan(times, 1);
        var queue = _next.GetOrAdd(task.Key, static _ => new ConcurrentQueue<Exception>());
        for (var i = 0; i < times; i++)
        {
            queue.Enqueue(error ?? new InvalidOperationException($"A failure that the test ordered for task \"{task.Key}\"."));
        }
    }

    internal void Meet(string taskKey)
    {
        if (_next.TryGetValue(taskKey, out var queue) && queue.TryDequeue(out var error))
        {
            throw error;
        }
    }
}
