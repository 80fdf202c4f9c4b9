using PgConductor.Workers;

namespace PgConductor.Orchestration;

/// <summary>Decides whether the workers of a process are done: nothing in hand, and nothing due. Pure.</summary>
/// <remarks>
/// A round starts at an instant at which no worker had anything in hand. It is good when then every worker has made a whole
/// look and none has claimed anything: no handler ran meanwhile, so none can have enqueued for a worker that had looked
/// before. Anything claimed starts a new round.
/// </remarks>
internal sealed class Quiescence
{
    private WorkerSample[]? _round;

    /// <summary>To be asked now and then, with how the workers stand. True: they are done.</summary>
    public bool Look(IEnumerable<WorkerSample> workers)
    {
        WorkerSample[] now = [.. workers];
        if (!Array.TrueForAll(now, worker => worker.IsQuiet))
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
        return round.Zip(now).All(pair => pair.Second.EmptySweeps >= pair.First.EmptySweeps + 2);
    }
}

/// <summary>How a worker stands: claims that brought work, looks that brought none, and whether it has nothing in hand.</summary>
internal readonly record struct WorkerSample(long Claims, long EmptySweeps, bool IsQuiet)
{
    /// <summary>The counts before the look at what is in hand: a claim between the two shows in the next sample's counts.</summary>
    public static WorkerSample Of(Worker worker) => new(worker.Load.Claims, worker.EmptySweeps, worker.Load.IsQuiet);
}
