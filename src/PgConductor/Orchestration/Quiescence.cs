using PgConductor.Workers;

namespace PgConductor.Orchestration;

/// <summary>Decides whether the workers of a process are done: nothing in hand, and nothing due.</summary>
/// <remarks>
/// A round starts at an instant at which no worker had anything in hand. It is good when then every worker has made a whole
/// look and none has claimed anything: no handler ran meanwhile, so none can have enqueued for a worker that had looked
/// before. Anything claimed starts a new round.
/// </remarks>
internal sealed class Quiescence(IReadOnlyList<Worker> workers)
{
    private (long Claims, long Sweeps)[]? _round;

    /// <summary>To be asked now and then. True: they are done.</summary>
    public bool Look()
    {
        // The counts before the look at what is in hand: a claim between the two shows in the next look's counts.
        var now = workers.Select(worker => (worker.Load.Claims, worker.EmptySweeps)).ToArray();
        if (!workers.All(worker => worker.Load.IsQuiet))
        {
            _round = null;
            return false;
        }

        if (_round is not { } round || round.Zip(now).Any(pair => pair.First.Claims != pair.Second.Claims))
        {
            _round = now;
            return false;
        }

        // Two, because the first may have started before the round did.
        return round.Zip(now).All(pair => pair.Second.EmptySweeps >= pair.First.Sweeps + 2);
    }
}
