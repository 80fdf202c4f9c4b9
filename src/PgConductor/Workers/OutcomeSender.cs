using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Diagnostics;
using PgConductor.Serialization;

namespace PgConductor.Workers;

/// <summary>Sends one batch of outcomes until the database has taken each of them.</summary>
/// <remarks>
/// Works through a stack of parts, so that a part that is recorded is never sent again because of another that is not:
/// a part is repeated after an error that may pass, and divided after one that lies in its data, until the outcome to blame is alone;
/// that one is recorded as a failure of its own execution. What not even that can be recorded of stays leased, and holds up
/// nobody else. Not thread-safe: used by the flusher's loop only.
/// </remarks>
/// <param name="services">The worker's.</param>
/// <param name="sizeOf">How many executions a lease has.</param>
/// <param name="onTaken">Told, once a part, what the database did with it, and whether it may have been recorded before, its reply lost.</param>
internal sealed class OutcomeSender(WorkerServices services, Func<long, int> sizeOf, Action<OutcomeBatch, IReadOnlyList<Settlement>, bool> onTaken)
{
    /// <summary>Results and errors sent in one call: far below what one message or one array may hold.</summary>
    internal const int MaxBytes = 16 * 1024 * 1024;

    private readonly ILogger _logger = services.LoggerFactory.CreateLogger<OutcomeSender>();

    /// <summary>Returns when everything is recorded, or the token has ended it.</summary>
    public async Task SendAsync(IReadOnlyList<long> completedLeases, IReadOnlyList<Outcome> outcomes, CancellationToken cancellationToken)
    {
        var parts = new Stack<Part>();
        Push(parts, completedLeases, outcomes);
        for (var failures = 0; parts.TryPop(out var part);)
        {
            IReadOnlyList<Settlement> settlements;
            try
            {
                var start = services.TimeProvider.GetTimestamp();
                settlements = await services.Database.ReturnAsync(services.OrchestratorId, part.Batch, cancellationToken).ConfigureAwait(false);
                Telemetry.Flushed(services.Queue, services.TimeProvider.GetElapsedTime(start));
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                Telemetry.DatabaseError("flush", exception);
                if (SqlStateMap.IsDataError(exception) || IsRefused(part, exception))
                {
                    Divide(parts, part, exception);
                    continue;
                }

                WorkerLog.FlushFailed(_logger, services.Queue, part.Batch.Outcomes.Count, exception);
                parts.Push(part with { IsRepetition = true });
                if (!await PauseAsync(failures++, cancellationToken).ConfigureAwait(false))
                {
                    return;
                }

                continue;
            }

            failures = 0;
            onTaken(part.Batch, settlements, part.IsRepetition);
        }
    }

    /// <summary>In parts of at most <see cref="MaxBytes"/>; the leases completed as a whole go with the first.</summary>
    private static void Push(Stack<Part> parts, IReadOnlyList<long> completedLeases, IReadOnlyList<Outcome> outcomes)
    {
        var from = 0;
        long bytes = 0;
        for (var i = 0; i < outcomes.Count; i++)
        {
            var size = (outcomes[i].Result?.Length ?? 0) + (outcomes[i].Error?.Length ?? 0);
            if (bytes + size > MaxBytes && i > from)
            {
                parts.Push(new Part(new OutcomeBatch([], Slice(outcomes, from, i))));
                from = i;
                bytes = 0;
            }

            bytes += size;
        }

        parts.Push(new Part(new OutcomeBatch([.. completedLeases], from == 0 ? [.. outcomes] : Slice(outcomes, from, outcomes.Count))));
    }

    /// <summary>Two parts out of one; of a single lease, its outcomes; of a single outcome, a failure that says why it could not be recorded.</summary>
    private void Divide(Stack<Part> parts, Part part, Exception exception)
    {
        var (leases, outcomes) = (part.Batch.CompletedLeases, part.Batch.Outcomes);
        if (leases.Count > 0 && outcomes.Count > 0)
        {
            parts.Push(part with { Batch = new OutcomeBatch([], outcomes) });
            parts.Push(part with { Batch = new OutcomeBatch(leases, []) });
        }
        else if (leases.Count > 1)
        {
            var half = leases.Count / 2;
            parts.Push(part with { Batch = new OutcomeBatch([.. leases.Skip(half)], []) });
            parts.Push(part with { Batch = new OutcomeBatch([.. leases.Take(half)], []) });
        }
        else if (leases.Count == 1)
        {
            var positions = Enumerable.Range(1, sizeOf(leases[0]));
            parts.Push(part with { Batch = new OutcomeBatch([], [.. positions.Select(position => new Outcome(leases[0], position, OutcomeKind.Completed))]) });
        }
        else if (outcomes.Count > 1)
        {
            var half = outcomes.Count / 2;
            parts.Push(part with { Batch = new OutcomeBatch([], Slice(outcomes, half, outcomes.Count)) });
            parts.Push(part with { Batch = new OutcomeBatch([], Slice(outcomes, 0, half)) });
        }
        else
        {
            Replace(parts, part, outcomes[0], exception);
        }
    }

    /// <summary>A wait that cannot be begun, such as for a child in a queue that does not exist.</summary>
    private static bool IsRefused(Part part, Exception exception) =>
        exception is ConductorException { Code: ConductorErrorCode.UnknownQueue or ConductorErrorCode.InvalidArgument }
        && part.Batch.Outcomes.Any(static outcome => outcome.Kind == OutcomeKind.Suspended);

    private void Replace(Stack<Part> parts, Part part, Outcome refused, Exception exception)
    {
        if (part.Replacements == 2)
        {
            // Nothing was settled, so it stays leased and is not lost: the takeover after this process's end counts the attempt.
            WorkerLog.OutcomeAbandoned(_logger, services.Queue, refused.LeaseId, refused.Position, exception);
            onTaken(part.Batch, [], part.IsRepetition);
            return;
        }

        WorkerLog.OutcomeRefused(_logger, services.Queue, refused.LeaseId, refused.Position, exception);

        // The second time not even the server's own words are trusted.
        var message = part.Replacements == 0
            ? $"Its outcome ({refused.Kind}) could not be recorded: {exception.Message}"
            : "Its outcome could not be recorded as it was.";
        var failure = new Outcome(refused.LeaseId, refused.Position, OutcomeKind.Dead, Error: FailureRecord.Write(exception.GetType().Name, message));
        parts.Push(part with { Batch = new OutcomeBatch([], [failure]), Replacements = part.Replacements + 1 });
    }

    private async Task<bool> PauseAsync(int failures, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(TransientRetry.Pause(failures), services.TimeProvider, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static Outcome[] Slice(IReadOnlyList<Outcome> outcomes, int from, int to)
    {
        var slice = new Outcome[to - from];
        for (var i = from; i < to; i++)
        {
            slice[i - from] = outcomes[i];
        }

        return slice;
    }

    private readonly record struct Part(OutcomeBatch Batch, bool IsRepetition = false, int Replacements = 0);
}
