using System.Buffers;
using System.Text.Json;

namespace PgConductor.Steps;

/// <summary>A child to be started when its parent suspends. Payload is JSON.</summary>
internal sealed record ChildSpec(Guid Id, string TaskKey, byte[] Payload, ChildOptions Options, string? TraceParent);

/// <summary>Something an execution begins to wait for; the names of its parts are those of _begin_waits.</summary>
internal sealed record NewWait(string Name, int Ordinal, string Kind, DateTime StartedAt)
{
    public double? Seconds { get; init; }

    public DateTimeOffset? Deadline { get; init; }

    public string? Group { get; init; }

    public int? Pending { get; init; }

    public ChildSpec? Child { get; init; }
}

/// <summary>What an execution waits for when it suspends: waits recorded by an earlier run, and new ones. Thread-safe.</summary>
internal sealed class WaitList
{
    private readonly Lock _gate = new();
    private readonly List<string> _open = [];
    private readonly List<NewWait> _new = [];

    public void AddOpen(string name)
    {
        lock (_gate)
        {
            _open.Add(name);
        }
    }

    public void Add(params ReadOnlySpan<NewWait> waits)
    {
        lock (_gate)
        {
            _new.AddRange(waits);
        }
    }

    /// <summary>As the result of an outcome "suspended".</summary>
    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        lock (_gate)
        {
            using var writer = new Utf8JsonWriter(buffer);
            writer.WriteStartObject();
            if (_open.Count > 0)
            {
                writer.WriteStartArray("open");
                foreach (var name in _open)
                {
                    writer.WriteStringValue(name);
                }

                writer.WriteEndArray();
            }

            writer.WriteStartArray("waits");
            foreach (var wait in _new)
            {
                Write(writer, wait);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, NewWait wait)
    {
        writer.WriteStartObject();
        writer.WriteString("name", wait.Name);
        writer.WriteNumber("ordinal", wait.Ordinal);
        writer.WriteString("kind", wait.Kind);
        writer.WriteString("started_at", wait.StartedAt);
        if (wait.Seconds is { } seconds)
        {
            writer.WriteNumber("seconds", seconds);
        }

        if (wait.Deadline is { } deadline)
        {
            writer.WriteString("deadline", deadline.UtcDateTime);
        }

        if (wait.Group is { } group)
        {
            writer.WriteString("group", group);
        }

        if (wait.Pending is { } pending)
        {
            writer.WriteNumber("pending", pending);
        }

        if (wait.Child is { } child)
        {
            writer.WriteStartObject("child");
            writer.WriteString("id", child.Id);
            writer.WriteString("task", child.TaskKey);
            writer.WritePropertyName("payload");
            writer.WriteRawValue(child.Payload, skipInputValidation: true);
            if (child.Options.Queue is { } queue)
            {
                writer.WriteString("queue", queue);
            }

            if (child.Options.Priority != 0)
            {
                writer.WriteNumber("priority", child.Options.Priority);
            }

            if (child.Options.MaxAttempts is { } attempts)
            {
                writer.WriteNumber("max_attempts", attempts);
            }

            if (child.Options.Delay > TimeSpan.Zero)
            {
                writer.WriteNumber("delay", child.Options.Delay.TotalSeconds);
            }

            if (child.Options.Detached)
            {
                writer.WriteBoolean("detached", true);
            }

            if (child.TraceParent is { } trace)
            {
                writer.WriteString("trace_parent", trace);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
