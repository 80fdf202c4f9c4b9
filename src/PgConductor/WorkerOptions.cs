namespace PgConductor;

/// <summary>Settings of one worker: one queue in one process.</summary>
public sealed record WorkerOptions
{
    /// <summary>Handlers that run at the same time.</summary>
    /// <value>Default 10; 1 to 10000.</value>
    public int Concurrency { get; init; } = 10;

    /// <summary>The most executions claimed at once.</summary>
    /// <value>Default 500; 1 to 10000.</value>
    public int MaxClaim { get; init; } = 500;

    /// <summary>The most executions held ready beyond those running. How many really are follows the measured rate: what the worker finishes in about <see cref="PrefetchTime"/>.</summary>
    /// <value>Default 1000; 0 (none) to 100000.</value>
    public int MaxPrefetch { get; init; } = 1000;

    /// <summary>How much work is held ready, in time. What waited much longer is handed back for others.</summary>
    /// <value>Default 25 ms; 0 to 10 s.</value>
    public TimeSpan PrefetchTime { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>Results are written when there are this many.</summary>
    /// <value>Default 500; 1 to 10000.</value>
    public int FlushSize { get; init; } = 500;

    /// <summary>Results are written at the latest after about this time (four times of it for a batch that is nearly finished as a whole).</summary>
    /// <value>Default 5 ms; 0 to 1 s.</value>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>The first pause of polling after work has run out; it doubles up to <see cref="MaxPollInterval"/>.</summary>
    /// <value>Default 5 ms; 1 ms to 1 min.</value>
    public TimeSpan MinPollInterval { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>The longest pause of polling. New work is normally announced and does not wait for it.</summary>
    /// <value>Default 2 s; <see cref="MinPollInterval"/> to 1 h. Without LISTEN, 100 ms at most.</value>
    public TimeSpan MaxPollInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether an execution that this process enqueues while the worker has a free slot and nothing else is due is claimed with its invoke, and started at once.</summary>
    /// <value>Default true: no other process has to be told of it, and the database is asked once instead of twice. False: whichever process is told first claims it.</value>
    public bool StartDirectly { get; init; } = true;

    internal void Validate(string queue, ICollection<string> faults)
    {
        Check(Concurrency, 1, 10_000, nameof(Concurrency));
        Check(MaxClaim, 1, 10_000, nameof(MaxClaim));
        Check(MaxPrefetch, 0, 100_000, nameof(MaxPrefetch));
        Check(FlushSize, 1, 10_000, nameof(FlushSize));
        CheckTime(PrefetchTime, TimeSpan.Zero, TimeSpan.FromSeconds(10), nameof(PrefetchTime));
        CheckTime(FlushInterval, TimeSpan.Zero, TimeSpan.FromSeconds(1), nameof(FlushInterval));
        CheckTime(MinPollInterval, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1), nameof(MinPollInterval));
        CheckTime(MaxPollInterval, MinPollInterval, TimeSpan.FromHours(1), nameof(MaxPollInterval));

        void Check(int value, int min, int max, string name)
        {
            if (value < min || value > max)
            {
                faults.Add($"queue \"{queue}\": {name} {value} must be {min} to {max}");
            }
        }

        void CheckTime(TimeSpan value, TimeSpan min, TimeSpan max, string name)
        {
            if (value < min || value > max)
            {
                faults.Add($"queue \"{queue}\": {name} {value} must be {min} to {max}");
            }
        }
    }
}
