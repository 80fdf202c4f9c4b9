using System.Globalization;
using System.Text;

namespace PgConductor.Testing.Assertions;

/// <summary>Executions in words, for the messages of failed assertions. Pure.</summary>
internal static class Descriptions
{
    public static string Name(ExecutionState state) => state.ToString().ToLowerInvariant();

    public static string Of(ExecutionInfo execution)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{execution.Id} of task \"{execution.TaskKey}\" in queue \"{execution.Queue}\": {Name(execution.State)}, {Times(execution.Attempts)} started");
        if (execution.State == ExecutionState.Scheduled)
        {
            text.Append(CultureInfo.InvariantCulture, $", due {execution.RunAt:O}");
        }

        if (execution.Reason is { } reason)
        {
            text.Append(CultureInfo.InvariantCulture, $", reason: {reason}");
        }

        if (execution.Payload is { } payload)
        {
            text.Append(CultureInfo.InvariantCulture, $", payload: {Short(payload.GetRawText())}");
        }

        return text.ToString();
    }

    public static string Of(IReadOnlyCollection<ExecutionInfo> executions) =>
        executions.Count == 0 ? " none." : string.Concat(executions.Select(execution => $"{Environment.NewLine}  {Of(execution)}"));

    public static string Times(int count) => count == 1 ? "once" : string.Create(CultureInfo.InvariantCulture, $"{count} times");

    private static string Short(string json) => json.Length <= 200 ? json : string.Concat(json.AsSpan(0, 200), "…");
}
