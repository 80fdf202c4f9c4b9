using PgConductor.Steps;

namespace PgConductor;

/// <summary>A registered wait for an event: what comes from now on is kept for it, whatever the handler does meanwhile.</summary>
/// <typeparam name="T">The event's payload.</typeparam>
/// <remarks>Of one run of one execution. Not to be waited for twice.</remarks>
public sealed class EventExpectation<T>
{
    private readonly EventFlow _flow;
    private readonly UsedStep _used;
    private readonly string _name;

    internal EventExpectation(EventFlow flow, UsedStep used, string name)
    {
        _flow = flow;
        _used = used;
        _name = name;
    }

    /// <summary>Waits for the event, keeping neither slot nor attempt.</summary>
    /// <inheritdoc cref="TaskContext.WaitForEventAsync"/>
    public Task<EventOutcome<T>> WaitAsync() => _flow.WaitAsync<T>(_name, _used);
}
