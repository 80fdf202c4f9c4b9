using PgConductor.Workers;

namespace PgConductor.Orchestration;

/// <summary>Finds the moment when nothing is due, nothing runs and nothing can come of what ran: the end of drain mode.</summary>
/// <remarks>
/// A worker that found nothing may be given something by a handler of another worker a moment later, so it takes a whole
/// round in which all were quiet from its start, nothing was run by anybody, and everybody looked once more. Two looks are asked
/// for, because the first may have been under way when the round began.
/// </remarks>
internal sealed class Quiescence(IReadOnlyList<Worker> workers, TimeProvider timeProvider)
{
    private const int Looks = 2;
    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(5);

    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_tick, timeProvider);
        while (!await RoundAsync(timer, cancellationToken).ConfigureAwait(false))
        {
        }
    }

    private async Task<bool> RoundAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        // Quiet first: what ends between the two is counted, and makes one more round.
        var wasQuiet = workers.All(worker => worker.Load.IsQuiet);
        var finished = Finished();
        var seen = workers.Select(worker => worker.EmptySweeps).ToArray();
        while (!HaveLooked(seen))
        {
            foreach (var worker in workers)
            {
                worker.Wake();
            }

            await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
        }

        return wasQuiet && finished == Finished();
    }

    private bool HaveLooked(long[] seen)
    {
        for (var i = 0; i < seen.Length; i++)
        {
            if (workers[i].EmptySweeps < seen[i] + Looks || !workers[i].Load.IsQuiet)
            {
                return false;
            }
        }

        return true;
    }

    private long Finished() => workers.Sum(worker => worker.Load.Finished);
}
