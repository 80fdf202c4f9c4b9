using System.Text;

namespace PgConductor;

/// <summary>How much of a task may run at once, or start in a time: in all processes together, for the task and for each key in its payloads.</summary>
/// <remarks>
/// Exact, whatever the number of processes. A slot is given back when the execution ends, fails, is released, suspends (sleeps, waits for
/// a child or an event), is cancelled, or is taken over from a process that died. Immutable and safe to share.
/// </remarks>
public sealed record TaskLimits
{
    /// <summary>No limits: removes those that the database has.</summary>
    public static TaskLimits None { get; } = new();

    /// <summary>How many of the task run at once.</summary>
    /// <value>Default null: no limit. 1 to 1,000,000.</value>
    public int? Concurrency { get; init; }

    /// <summary>How many of the task start in a time.</summary>
    /// <value>Default null: no limit.</value>
    public RateLimit? Rate { get; init; }

    /// <summary>Where an execution's key is in its payload: names as they are in its JSON, joined by dots, such as "customer.id".</summary>
    /// <value>Default null. 1 to 20 names. Payloads that have nothing, or null, there share one key; an object or an array is its JSON text.</value>
    public string? Key { get; init; }

    /// <summary>How many of one key run at once.</summary>
    /// <value>Default null: no limit. 1 to 1,000,000; needs <see cref="Key"/>.</value>
    public int? ConcurrencyPerKey { get; init; }

    /// <summary>How many of one key start in a time.</summary>
    /// <value>Default null: no limit. Needs <see cref="Key"/>.</value>
    public RateLimit? RatePerKey { get; init; }

    /// <summary>Keys take turns, however much one of them has waiting. Needs <see cref="Key"/>; keys that a limit holds back take turns anyway.</summary>
    /// <value>Default false: the order of time.</value>
    public bool Fair { get; init; }

    internal void Validate(string task, ICollection<string> faults)
    {
        const int Most = 1_000_000;
        if (Concurrency is < 1 or > Most)
        {
            faults.Add($"task \"{task}\": Limits.Concurrency {Concurrency} must be 1 to {Most}");
        }

        if (ConcurrencyPerKey is < 1 or > Most)
        {
            faults.Add($"task \"{task}\": Limits.ConcurrencyPerKey {ConcurrencyPerKey} must be 1 to {Most}");
        }

        if (Rate?.FindFault() is { } rate)
        {
            faults.Add($"task \"{task}\": Limits.Rate: {rate}");
        }

        if (RatePerKey?.FindFault() is { } ratePerKey)
        {
            faults.Add($"task \"{task}\": Limits.RatePerKey: {ratePerKey}");
        }

        var isPerKey = ConcurrencyPerKey is not null || RatePerKey is not null || Fair;
        if (Key is null && isPerKey)
        {
            faults.Add($"task \"{task}\": Limits.ConcurrencyPerKey, RatePerKey and Fair need a Key");
        }

        if (Key is not null && !isPerKey)
        {
            faults.Add($"task \"{task}\": Limits.Key \"{Key}\" needs ConcurrencyPerKey, RatePerKey or Fair");
        }

        if (Key is not null && (Key.Split('.') is var names && (names.Length > 20 || names.Any(name => name.Length == 0))
            || Encoding.UTF8.GetByteCount(Key) > 1000 || StorableText.FindFault(Key) is not null))
        {
            faults.Add($"task \"{task}\": Limits.Key \"{Key}\" must be 1 to 20 names joined by dots, at most 1000 bytes of valid text");
        }
    }
}
