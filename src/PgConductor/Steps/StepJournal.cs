using System.Text;
using PgConductor.Database;

namespace PgConductor.Steps;

/// <summary>What is stored of an execution's steps, what this run has asked for, and the clock that follows from both.</summary>
/// <remarks>Thread-safe: steps may be asked for in parallel.</remarks>
internal sealed class StepJournal
{
    private const int MaxNameBytes = 400;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, StoredStep> _stored = new(StringComparer.Ordinal);
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);
    private DateTime _now;

    /// <param name="stored">The steps that came with the claim.</param>
    /// <param name="startedAt">When this run started: what the clock says until the first step, if none is stored yet.</param>
    public StepJournal(IReadOnlyList<StoredStep>? stored, DateTimeOffset startedAt)
    {
        _now = Micros(startedAt.UtcDateTime);
        if (stored is null)
        {
            return;
        }

        StoredStep? first = null;
        foreach (var step in stored)
        {
            _stored[step.Name] = step;
            first = first is null || step.Ordinal < first.Ordinal ? step : first;
        }

        if (first is not null)
        {
            _now = first.StartedAt;
        }
    }

    /// <summary>The execution's clock: it stands still between steps, so every run reads the same.</summary>
    public DateTime Now
    {
        get
        {
            lock (_gate)
            {
                return _now;
            }
        }
    }

    /// <summary>Takes a name for this run, and says at which place it was asked for and what is stored under it.</summary>
    /// <exception cref="ConductorException">Code step-conflict: it was used before in this run, or is stored as something else; invalid-argument: it cannot be a name.</exception>
    public UsedStep Use(string name, string kind)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0 || Encoding.UTF8.GetByteCount(name) > MaxNameBytes || StorableText.FindFault(name) is not null)
        {
            throw new ConductorException(ConductorErrorCode.InvalidArgument, $"\"{name}\" cannot be the name of a step: give 1 to {MaxNameBytes} bytes of valid text.");
        }

        lock (_gate)
        {
            if (!_used.Add(name))
            {
                throw new ConductorException(ConductorErrorCode.StepConflict, $"The step \"{name}\" is asked for twice in one run: give every step of an execution a name of its own, in a loop with the index in it.");
            }

            var stored = _stored.GetValueOrDefault(name);
            return stored is null || stored.Kind == kind
                ? new UsedStep(_used.Count, _now, stored)
                : throw new ConductorException(ConductorErrorCode.StepConflict, $"The step \"{name}\" is stored as a {stored.Kind} and is now asked for as a {kind}: the code was changed under a running execution. Give the new one another name.");
        }
    }

    /// <summary>The run has got past a step: the clock goes on to when that finished.</summary>
    public void Pass(DateTime? finishedAt)
    {
        lock (_gate)
        {
            if (finishedAt > _now)
            {
                _now = finishedAt.Value;
            }
        }
    }

    /// <summary>What is stored was read again.</summary>
    public StoredStep? Renew(string name, IReadOnlyList<StoredStep> stored)
    {
        lock (_gate)
        {
            foreach (var step in stored)
            {
                _stored[step.Name] = step;
            }

            return _stored.GetValueOrDefault(name);
        }
    }

    /// <summary>As the database keeps it.</summary>
    public static DateTime Micros(DateTime time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
}

/// <summary>A step that was asked for: its place, the execution's clock then, and what is stored.</summary>
internal readonly record struct UsedStep(int Ordinal, DateTime StartedAt, StoredStep? Stored);
