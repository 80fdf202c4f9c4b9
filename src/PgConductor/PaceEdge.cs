namespace PgConductor;

/// <summary>Which invokes of a window or a burst run.</summary>
public enum PaceEdge
{
    /// <summary>The first, at once; the others are dropped and told so.</summary>
    Leading,

    /// <summary>The last, at the end; each replaces what the one before gave.</summary>
    Trailing,
}
