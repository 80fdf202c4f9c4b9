namespace PgConductor;

/// <summary>A registered wait for an event: what comes from now on is kept for it, whatever the handler does meanwhile.</summary>
/// <typeparam name="T">The event's payload.</typeparam>
/// <remarks>Of one run of one execution; made by <see cref="TaskContext.ExpectEventAsync"/>. Not thread-safe. Survives a crash: the next run finds it.</remarks>
public sealed class EventExpectation<T>
{
    private readonly Func<Task<EventOutcome<T>>> _wait;

    internal EventExpectation(Func<Task<EventOutcome<T>>> wait) => _wait = wait;

    /// <summary>Waits for the event, keeping neither slot nor attempt.</summary>
    /// <returns>The same outcome in every run.</returns>
    public Task<EventOutcome<T>> WaitAsync() => _wait();
}
