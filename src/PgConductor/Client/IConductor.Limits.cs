namespace PgConductor.Client;

public partial interface IConductor
{
    /// <summary>Lists the limits of tasks, and those of their keys that have something running, waiting or used.</summary>
    /// <param name="taskKey">Of which task; null: of all.</param>
    /// <param name="limit">At most so many, those with something waiting first; 1 to 1000.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <remarks>For people: reads every counter, and counts what waits.</remarks>
    /// <exception cref="ConductorException">Code invalid-argument: the limit is out of range.</exception>
    Task<IReadOnlyList<LimitInfo>> ListLimitsAsync(string? taskKey = null, int limit = 100, CancellationToken cancellationToken = default);
}
