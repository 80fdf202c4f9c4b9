namespace PgConductor;

/// <summary>How a wait for an event ended; the same in every later run.</summary>
/// <typeparam name="T">The event's payload.</typeparam>
/// <param name="TimedOut">No matching event came in time.</param>
/// <param name="Payload">The event's payload; the type's default when <paramref name="TimedOut"/>.</param>
public readonly record struct EventOutcome<T>(bool TimedOut, T? Payload);
