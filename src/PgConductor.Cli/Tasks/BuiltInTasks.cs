using System.Text.Json;

namespace PgConductor.Cli.Tasks;

/// <summary>The tasks the command line brings, for trying things out and for scenarios.</summary>
internal sealed class BuiltInTasks(TimeProvider timeProvider)
{
    /// <summary>Adds one under a key.</summary>
    public void Add(TaskCollection tasks, string key, string builtIn, TaskOptions options)
    {
        switch (builtIn)
        {
            case "hello-task":
                tasks.Add(TaskDefinition.Create<JsonElement, Greeting>(key, options), Hello);
                break;
            case "sleep":
                tasks.Add(TaskDefinition.Create<JsonElement, Slept>(key, options), SleepAsync);
                break;
            case "fail":
                tasks.Add(TaskDefinition.Create<JsonElement, Recovered>(key, options), Fail);
                break;
            case "noop":
                tasks.Add(TaskDefinition.Create<JsonElement>(key, options), static (_, _) => Task.CompletedTask);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(builtIn), builtIn, "There is no such built-in task.");
        }
    }

    private static Task<Greeting> Hello(JsonElement payload, TaskContext context) =>
        Task.FromResult(new Greeting($"Hello, {Text(payload, "msg") ?? "world"}!"));

    private async Task<Slept> SleepAsync(JsonElement payload, TaskContext context)
    {
        var seconds = Member(payload, "seconds") switch
        {
            null => 1,
            { ValueKind: JsonValueKind.Number } number when number.TryGetDouble(out var value) && value is >= 0 and <= 2_000_000 => value,
            { } other => throw new NonRetryableException($"\"seconds\" is {other.GetRawText()}; give a number from 0 to 2000000."),
        };
        await Task.Delay(TimeSpan.FromSeconds(seconds), timeProvider, context.CancellationToken);
        return new Slept(seconds);
    }

    private static Task<Recovered> Fail(JsonElement payload, TaskContext context)
    {
        var message = Text(payload, "message") ?? "failed as asked";
        if (Member(payload, "retry") is { ValueKind: JsonValueKind.False })
        {
            throw new NonRetryableException(message);
        }

        return Member(payload, "times") switch
        {
            null => throw new InvalidOperationException(message),
            { ValueKind: JsonValueKind.Number } number when number.TryGetInt32(out var times) && times >= 0 =>
                context.Attempt <= times ? throw new InvalidOperationException($"{message} (attempt {context.Attempt} of {times} that fail)") : Task.FromResult(new Recovered(context.Attempt)),
            { } other => throw new NonRetryableException($"\"times\" is {other.GetRawText()}; give how many attempts are to fail, 0 or more."),
        };
    }

    private static string? Text(JsonElement payload, string name) => Member(payload, name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { } other => throw new NonRetryableException($"\"{name}\" is {other.GetRawText()}; give a text."),
    };

    private static JsonElement? Member(JsonElement payload, string name) =>
        payload.ValueKind == JsonValueKind.Object && payload.TryGetProperty(name, out var member) && member.ValueKind != JsonValueKind.Null ? member : null;

    private sealed record Greeting(string Msg);

    private sealed record Slept(double Seconds);

    private sealed record Recovered(int Attempt);
}
