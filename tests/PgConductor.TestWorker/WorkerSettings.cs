using System.Globalization;

namespace PgConductor.TestWorker;

/// <summary>What the command line asks for: NAME=VALUE arguments, the rest defaults.</summary>
internal sealed class WorkerSettings
{
    private readonly Dictionary<string, string> _values;

    private WorkerSettings(Dictionary<string, string> values) => _values = values;

    public string ConnectionString => _values["connection"];

    public string Queue => Text("queue", "default");

    public string Task => Text("task", "job");

    /// <summary>See Program.</summary>
    public string Handler => Text("handler", "noop");

    public TimeSpan Slow => Milliseconds("slow", 100);

    public TimeSpan Heartbeat => Milliseconds("heartbeat", 500);

    public TimeSpan Takeover => Milliseconds("takeover", 2000);

    public TimeSpan Drain => Milliseconds("drain", 30000);

    public TimeSpan Cancel => Milliseconds("cancel", 5000);

    public int Concurrency => int.Parse(Text("concurrency", "10"), CultureInfo.InvariantCulture);

    public int? MaxAttempts => _values.TryGetValue("maxAttempts", out var value) ? int.Parse(value, CultureInfo.InvariantCulture) : null;

    /// <summary>How many of the task run at once, in all processes; null: the database's.</summary>
    public int? Limit => _values.TryGetValue("limit", out var value) ? int.Parse(value, CultureInfo.InvariantCulture) : null;

    /// <summary>A second task that has the limit instead of the first.</summary>
    public string? LimitedTask => _values.GetValueOrDefault("limitedTask");

    /// <summary>Null: executions run one by one.</summary>
    public BatchOptions? Batch => Handler.StartsWith("batch", StringComparison.Ordinal) ? new BatchOptions { Size = 10, Wait = TimeSpan.FromSeconds(1) } : null;

    public bool Listen => Text("listen", "true") == "true";

    /// <summary>What handlers log is kept, and written every 50 ms.</summary>
    public bool KeepLogs => Text("keepLogs", "false") == "true";

    public static WorkerSettings Parse(string[] args)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var arg in args)
        {
            var at = arg.IndexOf('=', StringComparison.Ordinal);
            if (at < 1)
            {
                throw new ArgumentException($"\"{arg}\" is not NAME=VALUE.");
            }

            values[arg[..at]] = arg[(at + 1)..];
        }

        return new WorkerSettings(values);
    }

    private string Text(string name, string otherwise) => _values.GetValueOrDefault(name, otherwise);

    private TimeSpan Milliseconds(string name, int otherwise) =>
        _values.TryGetValue(name, out var value) ? TimeSpan.FromMilliseconds(int.Parse(value, CultureInfo.InvariantCulture)) : TimeSpan.FromMilliseconds(otherwise);
}
