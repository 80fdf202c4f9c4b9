using System.Collections;

namespace PgConductor.Workers;

/// <summary>The fields that every log entry of a handler carries.</summary>
internal sealed class ExecutionLogScope(RunningExecution execution) : IReadOnlyList<KeyValuePair<string, object?>>
{
    public int Count => 3;

    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new("ExecutionId", execution.ExecutionId),
        1 => new("TaskKey", execution.TaskKey),
        2 => new("Attempt", execution.Attempt),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    public override string ToString() => $"ExecutionId:{execution.ExecutionId} TaskKey:{execution.TaskKey} Attempt:{execution.Attempt}";

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
