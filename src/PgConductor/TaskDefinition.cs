using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace PgConductor;

/// <summary>A task's name on the wire and its settings; handlers and callers share it.</summary>
/// <remarks>Immutable and safe to share: usually a static readonly field.</remarks>
public abstract class TaskDefinition
{
    private protected TaskDefinition(string key, TaskOptions? options)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!IsKey(key))
        {
            throw new ArgumentException($"\"{key}\" cannot be a task key: {KeyRule}.", nameof(key));
        }

        if (StorableText.FindFault(key) is { } fault)
        {
            throw new ArgumentException($"The task key has {fault}, which PostgreSQL cannot store.", nameof(key));
        }

        Key = key;
        Options = options ?? TaskOptions.Default;
        var faults = new List<string>();
        Options.Validate(key, faults);
        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join("; ", faults), nameof(options));
        }
    }

    /// <summary>The stable name under which executions are stored: renaming it orphans those that wait.</summary>
    public string Key { get; }

    /// <summary>The task's settings.</summary>
    public TaskOptions Options { get; }

    /// <summary>The payload's type.</summary>
    public abstract Type PayloadType { get; }

    /// <summary>The result's type; <see cref="NoResult"/> when there is none.</summary>
    public abstract Type ResultType { get; }

    /// <summary>Defines a task without a result.</summary>
    /// <param name="key">1 to 200 bytes, no control characters, not "?".</param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="ArgumentException">The key or an option is out of range; the message lists every fault.</exception>
    public static TaskDefinition<TPayload, NoResult> Create<TPayload>(string key, TaskOptions? options = null) => new(key, options);

    /// <summary>Defines a task with a result.</summary>
    /// <param name="key">1 to 200 bytes, no control characters, not "?".</param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="ArgumentException">The key or an option is out of range; the message lists every fault.</exception>
    public static TaskDefinition<TPayload, TResult> Create<TPayload, TResult>(string key, TaskOptions? options = null) => new(key, options);

    /// <inheritdoc/>
    public override string ToString() => Key;

    /// <summary>What a key must be, for messages.</summary>
    internal const string KeyRule = "give 1 to 200 bytes without control characters, not \"?\"";

    internal static bool IsKey([NotNullWhen(true)] string? key) =>
        key is not (null or "" or "?") && Encoding.UTF8.GetByteCount(key) <= 200 && !key.Any(char.IsControl);

    /// <summary>The same with other settings.</summary>
    internal abstract TaskDefinition With(TaskOptions options);
}

/// <summary>A task's name on the wire, its settings, and the types it takes and returns.</summary>
/// <typeparam name="TPayload">Serialised with System.Text.Json.</typeparam>
/// <typeparam name="TResult">Serialised with System.Text.Json; <see cref="NoResult"/> for none.</typeparam>
public sealed class TaskDefinition<TPayload, TResult> : TaskDefinition
{
    internal TaskDefinition(string key, TaskOptions? options)
        : base(key, options)
    {
    }

    /// <inheritdoc/>
    public override Type PayloadType => typeof(TPayload);

    /// <inheritdoc/>
    public override Type ResultType => typeof(TResult);

    internal override TaskDefinition With(TaskOptions options) => new TaskDefinition<TPayload, TResult>(Key, options);
}

/// <summary>The result of a task that has none.</summary>
public readonly record struct NoResult;
