using PgConductor.Database;

namespace PgConductor.Workers;

/// <summary>One claimed batch in this process, and which of its outcomes are known, and which of those are sent.</summary>
/// <remarks>Thread-safe: runners add outcomes, the flusher takes them.</remarks>
internal sealed class Lease(long id, int size, long claimedAt)
{
    private readonly Lock _gate = new();
    private readonly List<int> _plain = new(size);
    private List<Outcome>? _others;
    private int _known;
    private int _taken;
    private int _settled;
    private long _firstUnsentAt;

    public long Id => id;

    public int Size => size;

    /// <summary>Timestamp of the claim.</summary>
    public long ClaimedAt => claimedAt;

    /// <summary>Set once, when the database said that it is not ours any more: nothing of it is sent.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Its executions, by position - 1; written once, right after the claim.</summary>
    public RunningExecution[] Executions { get; set; } = [];

    /// <summary>Adds an outcome; null: completed without a result.</summary>
    public AddedOutcome Add(int position, Outcome? outcome, long now)
    {
        lock (_gate)
        {
            var isFirst = _known == _taken;
            if (isFirst)
            {
                _firstUnsentAt = now;
            }

            if (outcome is { } other)
            {
                (_others ??= []).Add(other);
            }
            else
            {
                _plain.Add(position);
            }

            _known++;
            return new AddedOutcome(isFirst, _known == size);
        }
    }

    /// <summary>How it stands, for the decision when to flush.</summary>
    public LeaseProgress Progress()
    {
        lock (_gate)
        {
            return new LeaseProgress(size, _known, _known - _taken, _firstUnsentAt);
        }
    }

    /// <summary>Takes what is known and not taken yet: the whole lease at once if nothing was sent before and all of it is plain.</summary>
    /// <param name="completedLeases">Gets the lease's id, if it is complete as a whole.</param>
    /// <param name="outcomes">Else gets its outcomes.</param>
    /// <param name="count">How many outcomes are no longer unsent.</param>
    /// <returns>False: the lease is lost, and its outcomes were dropped.</returns>
    public bool TryTake(List<long> completedLeases, List<Outcome> outcomes, out int count)
    {
        lock (_gate)
        {
            count = _known - _taken;
            if (IsLost)
            {
                // Somebody else's now: the outcomes are dropped.
            }
            else if (count == size && _others is null)
            {
                completedLeases.Add(id);
            }
            else
            {
                foreach (var position in _plain)
                {
                    outcomes.Add(new Outcome(id, position, OutcomeKind.Completed));
                }

                if (_others is not null)
                {
                    outcomes.AddRange(_others);
                }
            }

            _plain.Clear();
            _others = null;
            _taken = _known;
            return !IsLost;
        }
    }

    /// <summary>Counts what the database answered. True: the lease is over.</summary>
    public bool Settle(int count)
    {
        lock (_gate)
        {
            _settled += count;
            return _settled >= size;
        }
    }

    public void MarkLost()
    {
        lock (_gate)
        {
            IsLost = true;
        }
    }
}

/// <summary>What adding an outcome meant for its lease.</summary>
internal readonly record struct AddedOutcome(bool IsFirstUnsent, bool IsWhole);

/// <summary>A lease as the flush policy sees it. FirstUnsentAt is a timestamp, meaningful while Unsent is above zero.</summary>
internal readonly record struct LeaseProgress(int Size, int Known, int Unsent, long FirstUnsentAt);
