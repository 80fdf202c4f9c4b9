namespace PgConductor.Workers;

/// <summary>Decides when a lease's outcomes are sent. Pure.</summary>
/// <remarks>
/// A lease that is finished as a whole is sent at once: the database forgets it with one delete. One that is in progress is
/// sent after the flush interval, unless it will probably be whole soon; then up to four intervals are waited for that,
/// because a partial flush costs more than all the rest of the lease together.
/// </remarks>
internal sealed class FlushPolicy(TimeSpan interval)
{
    private const int MaxIntervals = 4;

    /// <summary>How long to wait with this lease; zero or less: send it now.</summary>
    /// <param name="lease">How it stands; at least one outcome is unsent.</param>
    /// <param name="age">Since its first unsent outcome.</param>
    public TimeSpan Wait(LeaseProgress lease, TimeSpan age)
    {
        if (lease.Known == lease.Size)
        {
            return TimeSpan.Zero;
        }

        if (age < interval)
        {
            return interval - age;
        }

        var longest = interval * MaxIntervals;
        var expectedRest = age * ((double)(lease.Size - lease.Known) / lease.Unsent);
        return age < longest && age + expectedRest <= longest ? longest - age : TimeSpan.Zero;
    }
}
