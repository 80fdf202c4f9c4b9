using System.CommandLine;
using Microsoft.Extensions.Logging;
using PgConductor.Cli.Config;

namespace PgConductor.Cli.Commands;

/// <summary>The options of the commands that run tasks.</summary>
internal sealed class WorkerOptionSet
{
    private static readonly Dictionary<string, LogLevel> _levels = new(StringComparer.Ordinal)
    {
        ["debug"] = LogLevel.Debug,
        ["info"] = LogLevel.Information,
        ["warning"] = LogLevel.Warning,
        ["error"] = LogLevel.Error,
        ["none"] = LogLevel.None,
    };

    public Option<int?> Concurrency { get; } = Arguments.OptionalInteger("--concurrency", "Executions of each queue that run at the same time; wins over the config file.", 1, 10_000);

    public Option<string[]> Queue { get; } = new("--queue")
    {
        Description = "Serves only this queue; may be given more than once. Default: those of the config file and its tasks.",
        HelpName = "QUEUE",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    public Option<LogLevel?> Level { get; } = Arguments.Choice("--log-level", "What is logged, on standard error (with --json as events). Default warning.", _levels, "LEVEL");

    public void AddTo(Command command)
    {
        command.Add(Concurrency);
        command.Add(Queue);
        command.Add(Level);
        command.Validators.Add(result =>
        {
            foreach (var queue in result.GetValue(Queue) ?? [])
            {
                if (!Names.IsQueue(queue))
                {
                    result.AddError($"--queue \"{queue}\" cannot be a queue name: give 1 to 200 bytes without control characters.");
                }
            }
        });
    }

    public WorkerSettings Read(ParseResult parsed, bool drain) =>
        new(parsed.GetValue(Concurrency), parsed.GetValue(Queue) ?? [], parsed.GetValue(Level) ?? LogLevel.Warning, drain);
}

/// <summary>How tasks are run, beside what the config file says.</summary>
internal sealed record WorkerSettings(int? Concurrency, IReadOnlyList<string> Queues, LogLevel LogLevel, bool Drain)
{
    public OrchestratorOptions Apply(OrchestratorOptions options)
    {
        var worker = With(options.Worker);
        var queues = options.Queues.ToDictionary(pair => pair.Key, pair => With(pair.Value), StringComparer.Ordinal);
        if (Queues.Count > 0)
        {
            queues = Queues.Distinct(StringComparer.Ordinal).ToDictionary(queue => queue, queue => queues.GetValueOrDefault(queue) ?? worker, StringComparer.Ordinal);
        }

        return options with { Worker = worker, Queues = queues, OnlyNamedQueues = Queues.Count > 0 };
    }

    private WorkerOptions With(WorkerOptions options) => Concurrency is { } concurrency ? options with { Concurrency = concurrency } : options;
}
