using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using PgConductor.Cli.Config;

namespace PgConductor.Cli.Commands;

/// <summary>pgconductor invoke.</summary>
internal static class InvokeCommand
{
    private static readonly Dictionary<string, DedupePolicy> _policies = new(StringComparer.Ordinal)
    {
        ["return-existing"] = DedupePolicy.ReturnExisting,
        ["replace-pending"] = DedupePolicy.ReplacePending,
        ["reject"] = DedupePolicy.Reject,
    };

    public static Command Build(Func<ParseResult, CommandContext> context)
    {
        var task = new Argument<string>("TASK") { Description = "The task's key." };
        var payload = new Option<string?>("--payload") { Description = "The payload, any JSON value. Default {}.", HelpName = "JSON" };
        var payloadFile = new Option<string?>("--payload-file") { Description = "A file with the payload; - for standard input.", HelpName = "FILE" };
        var count = Arguments.Integer("--count", "How many executions, all with the same payload.", 1, 1, 100_000_000);
        var queue = new Option<string?>("--queue") { Description = "The queue, which must exist. Default: the task's.", HelpName = "QUEUE" };
        var priority = Arguments.Integer("--priority", "Higher runs sooner, within its queue.", 0, -100, 100);
        var runAt = new Option<RunTime?>("--run-at") { Description = "Not before this time: ISO 8601 (UTC unless it says otherwise), or a time from now such as 10m.", HelpName = "TIME", CustomParser = ParseRunAt };
        var dedupeKey = new Option<string?>("--dedupe-key") { Description = "At most one waiting or running execution of the task has this key.", HelpName = "KEY" };
        var dedupePolicy = Arguments.Choice("--dedupe-policy", "What happens when the key is taken. Default return-existing.", _policies, "POLICY");
        var maxAttempts = Arguments.OptionalInteger("--max-attempts", "How often it is started before it is dead-lettered. Default: the task's.", 1, short.MaxValue);
        var wait = new Option<bool>("--wait") { Description = "Waits for the outcome; exit code 5 when it is not completed." };
        var timeout = Arguments.Time("--timeout", "How long --wait waits, such as 30s. Default: until the outcome.");

        var command = new Command("invoke", "Enqueues executions of a task.")
        {
            task, payload, payloadFile, count, queue, priority, runAt, dedupeKey, dedupePolicy, maxAttempts, wait, timeout,
        };
        var pace = new PaceArguments();
        pace.AddTo(command);
        command.Validators.Add(result =>
        {
            Refuse(result.GetValue(payload) is not null && result.GetValue(payloadFile) is not null, "Give --payload or --payload-file, not both.");
            Refuse(result.GetResult(timeout) is not null && !result.GetValue(wait), "--timeout belongs to --wait.");
            Refuse(result.GetResult(dedupePolicy) is not null && result.GetValue(dedupeKey) is null, "--dedupe-policy belongs to --dedupe-key.");
            Refuse(result.GetResult(dedupeKey) is not null && result.GetResult(count) is { Implicit: false }, "--dedupe-key makes one execution: it cannot be combined with --count.");
            Refuse(pace.FindFault(result, runAt, dedupeKey, count) is not null, pace.FindFault(result, runAt, dedupeKey, count)!);

            void Refuse(bool faulty, string message)
            {
                if (faulty)
                {
                    result.AddError(message);
                }
            }
        });
        command.SetAction((parsed, token) =>
        {
            var at = context(parsed);
            var options = new InvokeOptions
            {
                Queue = parsed.GetValue(queue),
                Priority = parsed.GetValue(priority),
                RunAt = parsed.GetValue(runAt)?.From(at.Environment.TimeProvider.GetUtcNow()),
                DedupeKey = parsed.GetValue(dedupeKey),
                DedupePolicy = parsed.GetValue(dedupePolicy) ?? DedupePolicy.ReturnExisting,
                MaxAttempts = parsed.GetValue(maxAttempts),
            };
            var invocation = new Invocation(
                at,
                parsed.GetValue(task)!,
                PayloadReader.Read(at.Environment, parsed.GetValue(payload), parsed.GetValue(payloadFile)),
                pace.Apply(parsed, options),
                parsed.GetValue(wait),
                parsed.GetValue(timeout));
            return parsed.GetResult(count) is { Implicit: false } ? invocation.RunManyAsync(parsed.GetValue(count), token) : invocation.RunOneAsync(token);
        });
        return command;
    }

    private static RunTime? ParseRunAt(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (Duration.TryParse(text, out var delay))
        {
            return new RunTime(null, delay);
        }

        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time))
        {
            return new RunTime(time, default);
        }

        result.AddError($"--run-at \"{text}\" is not a time: give ISO 8601, such as 2030-01-31T08:00:00Z, or a time from now, such as 10m.");
        return null;
    }

    /// <summary>An instant, or a time from now.</summary>
    private sealed record RunTime(DateTimeOffset? Instant, TimeSpan Delay)
    {
        public DateTimeOffset From(DateTimeOffset now) => Instant ?? (Delay < DateTimeOffset.MaxValue - now ? now + Delay : DateTimeOffset.MaxValue);
    }
}
