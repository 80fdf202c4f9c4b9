using System.CommandLine;
using System.CommandLine.Parsing;

namespace PgConductor.Cli.Commands;

/// <summary>The options of invoke that throttle or debounce it.</summary>
internal sealed class PaceArguments
{
    private static readonly Dictionary<string, PaceEdge> _edges = new(StringComparer.Ordinal)
    {
        ["leading"] = PaceEdge.Leading,
        ["trailing"] = PaceEdge.Trailing,
    };

    private readonly Option<TimeSpan?> _throttle = Arguments.Time("--throttle", "At most one execution in a window of this length, such as 10m.");
    private readonly Option<TimeSpan?> _debounce = Arguments.Time("--debounce", "One execution for a burst of invokes, which is over when none has come for this long.");
    private readonly Option<string?> _key = new("--pace-key") { Description = "Throttles or debounces each key on its own. Default: the task as a whole.", HelpName = "KEY" };
    private readonly Option<PaceEdge?> _edge = Arguments.Choice("--edge", "Which one runs: the first, or the last. Default leading for --throttle, trailing for --debounce.", _edges, "EDGE");
    private readonly Option<TimeSpan?> _maxWait = Arguments.Time("--max-wait", "How long a burst lasts at most. Default: without a limit.");

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _throttle, _debounce, _key, _edge, _maxWait })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What is wrong with the combination; null: nothing.</summary>
    /// <param name="result">The parsed command.</param>
    /// <param name="others">Options that decide the time or the number too.</param>
    public string? FindFault(CommandResult result, params IEnumerable<Option> others)
    {
        var isThrottled = result.GetResult(_throttle) is not null;
        var isDebounced = result.GetResult(_debounce) is not null;
        if (isThrottled && isDebounced)
        {
            return "Give --throttle or --debounce, not both.";
        }

        if (!isThrottled && !isDebounced)
        {
            return new Option[] { _key, _edge, _maxWait }.FirstOrDefault(option => result.GetResult(option) is not null) is { } alone
                ? $"{alone.Name} belongs to --throttle or --debounce."
                : null;
        }

        if (isThrottled && result.GetResult(_maxWait) is not null)
        {
            return "--max-wait belongs to --debounce.";
        }

        return others.FirstOrDefault(other => result.GetResult(other) is { Implicit: false }) is { } refused
            ? $"{(isThrottled ? "--throttle" : "--debounce")} decides by itself when an execution runs and how many there are: it cannot be combined with {refused.Name}."
            : null;
    }

    public InvokeOptions Apply(ParseResult parsed, InvokeOptions options)
    {
        var key = parsed.GetValue(_key);
        var edge = parsed.GetValue(_edge);
        if (parsed.GetValue(_throttle) is { } period)
        {
            return options with { Throttle = new Throttle(period) { Key = key, Edge = edge ?? PaceEdge.Leading } };
        }

        return parsed.GetValue(_debounce) is { } delay
            ? options with { Debounce = new Debounce(delay) { Key = key, Edge = edge ?? PaceEdge.Trailing, MaxWait = parsed.GetValue(_maxWait) } }
            : options;
    }
}
