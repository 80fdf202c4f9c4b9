namespace PgConductor;

/// <summary>A limit as it was when it was read: of a task, or of one of its keys.</summary>
/// <param name="TaskKey">The task.</param>
/// <param name="Scope">Whose it is.</param>
/// <param name="Key">The key; null unless <paramref name="Scope"/> is <see cref="LimitScope.Key"/>. A key over 200 bytes is its beginning and a hash.</param>
/// <param name="Running">Slots that are held.</param>
/// <param name="Held">What the executions that run hold; the same, unless the counter is wrong.</param>
/// <param name="Concurrency">How many there are; null: no limit.</param>
/// <param name="Rate">How many may start in a time; null: no limit.</param>
/// <param name="Tokens">How many may start now by that rate; null: no limit.</param>
/// <param name="Waiting">Executions held back for the key, counted up to 1000. What the task's own limit holds back is counted nowhere.</param>
/// <param name="OpensIn">When the next may start; zero: now; null: when a slot is given back.</param>
public sealed record LimitInfo(
    string TaskKey, LimitScope Scope, string? Key, int Running, int Held, int? Concurrency, RateLimit? Rate, double? Tokens, long Waiting, TimeSpan? OpensIn);

/// <summary>Whose limit it is.</summary>
public enum LimitScope
{
    /// <summary>The task's own.</summary>
    Task,

    /// <summary>One key's.</summary>
    Key,

    /// <summary>That of executions whose payload has no key.</summary>
    NoKey,
}
