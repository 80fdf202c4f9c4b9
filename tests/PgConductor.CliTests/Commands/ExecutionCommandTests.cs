using System.Text.Json;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.CliTests.Commands;

public sealed class ExecutionCommandTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_execution_is_enqueued_as_told()
    {
        await using var database = await TestDatabase.CreateAsync();
        var connection = database.ConnectionString;
        (await Cli.Run(connection, "queues", "create", "side")).Expect(0);

        var made = (await Cli.Run(connection, "invoke", "digest", "--payload", """{"n":[1,2]}""", "--queue", "side", "--priority", "-7", "--run-at", "2h", "--dedupe-key", "k", "--max-attempts", "2", "--json")).Expect(0).Document;

        var shown = (await Cli.Run(connection, "executions", "show", made.GetProperty("id").GetString()!, "--json")).Expect(0).Document;
        Assert.Equal("created", made.GetProperty("disposition").GetString());
        Assert.Equal("""{"n":[1,2]}""", shown.GetProperty("payload").GetRawText());
        Assert.Equal(("digest", "side", "scheduled", -7, 2, "k"), (Text("task"), Text("queue"), Text("state"), shown.GetProperty("priority").GetInt32(), shown.GetProperty("maxAttempts").GetInt32(), Text("dedupeKey")));
        Assert.InRange(shown.GetProperty("runAt").GetDateTimeOffset() - shown.GetProperty("createdAt").GetDateTimeOffset(), TimeSpan.FromHours(1.99), TimeSpan.FromHours(2.01));

        string? Text(string name) => shown.GetProperty(name).GetString();
    }

    [Fact]
    public async Task Show_has_the_steps_and_the_parent()
    {
        await using var database = await TestDatabase.CreateAsync();
        var id = (await Cli.Run(database.ConnectionString, "invoke", "t", "--json")).Expect(0).Document.GetProperty("id").GetGuid();
        var me = Guid.CreateVersion7();
        await database.ExecuteAsync($$$"""
            select pgconductor.register_orchestrator('{{{me}}}', 'x', '1', 1);
            select pgconductor.get_executions('t', '{{{me}}}', 1);
            select pgconductor.save_step('{{{me}}}', l.id, 1, 'a', '{"n": 1}', 1) from pgconductor.leases l;
            select pgconductor.return_executions('{{{me}}}', '{}', array[l.id], '{1}', '{suspended}',
                array['{"waits": [{"name": "c", "ordinal": 2, "kind": "child", "child": {"id": "{{{me}}}", "task": "u", "payload": 1}}]}'::jsonb]) from pgconductor.leases l;
            """);

        var parent = (await Cli.Run(database.ConnectionString, "executions", "show", $"{id}", "--json")).Expect(0).Document;
        var child = (await Cli.Run(database.ConnectionString, "executions", "show", $"{me}", "--json")).Expect(0).Document;

        Assert.Equal("waiting", parent.GetProperty("state").GetString());
        Assert.Equal(["a step done", "c child waiting"], parent.GetProperty("steps").EnumerateArray().Select(step => $"{step.GetProperty("name").GetString()} {step.GetProperty("kind").GetString()} {step.GetProperty("state").GetString()}"));
        Assert.Equal(1, parent.GetProperty("steps")[0].GetProperty("result").GetProperty("n").GetInt32());
        Assert.Equal(me, parent.GetProperty("steps")[1].GetProperty("childId").GetGuid());
        Assert.Equal(id, child.GetProperty("parentId").GetGuid());
        Assert.Equal(JsonValueKind.Null, child.GetProperty("steps").ValueKind);
    }

    [Fact]
    public async Task Logs_are_what_was_kept_and_their_absence_is_explained()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var folder = new TestFolder();
        var config = folder.Write("tower.json", """{"tasks": {"fail": {"builtin": "fail", "maxAttempts": 1, "keepLogs": "1d"}, "noop": {"builtin": "noop"}}}""");
        var failed = (await Cli.Run(database.ConnectionString, "invoke", "fail", "--json")).Expect(0).Document.GetProperty("id").GetString()!;
        var quiet = (await Cli.Run(database.ConnectionString, "invoke", "noop", "--json")).Expect(0).Document.GetProperty("id").GetString()!;
        (await Cli.Run(database.ConnectionString, "worker", "start", "--config", config, "--drain")).Expect(0);

        var lines = (await Cli.Run(database.ConnectionString, "executions", "logs", failed, "--level", "warning", "--json")).Expect(0).Lines;
        var line = Assert.Single(lines);
        Assert.Equal((1, "warning"), (line.GetProperty("attempt").GetInt32(), line.GetProperty("level").GetString()));
        Assert.Contains("failed in attempt 1", line.GetProperty("message").GetString(), StringComparison.Ordinal);
        var none = (await Cli.Run(database.ConnectionString, "executions", "logs", quiet)).Expect(0);
        Assert.Contains("keepLogs", none.Out + none.Error, StringComparison.Ordinal);
        (await Cli.Run(database.ConnectionString, "executions", "logs", $"{Guid.NewGuid()}")).Expect(4);
    }

    [Fact]
    public async Task A_taken_dedupe_key_does_what_the_policy_says()
    {
        await using var database = await TestDatabase.CreateAsync();
        var first = (await Invoke("--run-at", "1h")).Expect(0).Document;

        var again = (await Invoke()).Expect(0).Document;
        Assert.Equal(("existing", first.GetProperty("id").GetString()), (again.GetProperty("disposition").GetString(), again.GetProperty("id").GetString()));
        Assert.Equal("replaced", (await Invoke("--dedupe-policy", "replace-pending")).Expect(0).Document.GetProperty("disposition").GetString());
        var refused = (await Invoke("--dedupe-policy", "reject")).Expect(1);
        Assert.Equal("dedupe-conflict", JsonDocument.Parse(refused.Error).RootElement.GetProperty("error").GetProperty("code").GetString());

        Task<CliResult> Invoke(params string[] args) => Cli.Run(database.ConnectionString, ["invoke", "t", "--dedupe-key", "k", "--json", .. args]);
    }

    [Fact]
    public async Task Throttled_and_debounced_invokes_are_told_what_became_of_them()
    {
        await using var database = await TestDatabase.CreateAsync();

        var first = await Invoke("--throttle", "1h", "--pace-key", "k");
        Assert.Equal(("created", $"dropped {first.Id}"), (first.Disposition, Both(await Invoke("--throttle", "1h", "--pace-key", "k"))));
        Assert.Equal("created", (await Invoke("--throttle", "1h", "--pace-key", "k", "--edge", "trailing")).Disposition);
        var burst = await Invoke("--debounce", "1h", "--max-wait", "2h");
        Assert.Equal($"replaced {burst.Id}", Both(await Invoke("--debounce", "1h", "--max-wait", "2h")));
        Assert.Equal(3, await database.ScalarAsync<long>("select count(*) from pgconductor.executions"));
        Assert.Equal("dropped", (await Cli.Run(database.ConnectionString, "invoke", "t", "--throttle", "1h", "--pace-key", "k")).Expect(0).Out.Trim().Split('(', ')')[1]);

        foreach (var (named, args) in new (string, string[])[]
        {
            ("--throttle or --debounce", ["--throttle", "1h", "--debounce", "1h"]),
            ("--edge", ["--edge", "leading"]),
            ("\"middle\"", ["--throttle", "1h", "--edge", "middle"]),
            ("--max-wait", ["--throttle", "1h", "--max-wait", "1h"]),
            ("--run-at", ["--throttle", "1h", "--run-at", "1h"]),
            ("--count", ["--debounce", "1h", "--count", "2"]),
            ("--dedupe-key", ["--debounce", "1h", "--dedupe-key", "k"]),
        })
        {
            Assert.Contains(named, (await Cli.Run(database.ConnectionString, ["invoke", "t", .. args])).Expect(2).Error, StringComparison.Ordinal);
        }

        async Task<(string Disposition, string Id)> Invoke(params string[] args)
        {
            var made = (await Cli.Run(database.ConnectionString, ["invoke", "t", "--json", .. args])).Expect(0).Document;
            return (made.GetProperty("disposition").GetString()!, made.GetProperty("id").GetString()!);
        }

        static string Both((string Disposition, string Id) told) => $"{told.Disposition} {told.Id}";
    }

    [Fact]
    public async Task The_payload_comes_from_a_file_or_standard_input()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var folder = new TestFolder();
        var file = folder.Write("payload.json", "[true]");

        Assert.Equal("[true]", await Payload("--payload-file", file));
        Assert.Equal("""{"msg":"from standard input"}""", await Payload("--payload-file", "-"));
        Assert.Equal("{}", await Payload());

        async Task<string> Payload(params string[] args)
        {
            var id = (await Cli.Run(database.ConnectionString, ["invoke", "t", "--json", .. args])).Expect(0).Document.GetProperty("id").GetString()!;
            return (await Cli.Run(database.ConnectionString, "executions", "show", id, "--json")).Expect(0).Document.GetProperty("payload").GetRawText();
        }
    }

    [Fact]
    public async Task Many_are_enqueued_in_chunks()
    {
        await using var database = await TestDatabase.CreateAsync();

        var many = (await Cli.Run(database.ConnectionString, "invoke", "t", "--count", "25000", "--json")).Expect(0).Document;
        var few = (await Cli.Run(database.ConnectionString, "invoke", "t", "--count", "3", "--json")).Expect(0).Document;

        Assert.Equal((25000, JsonValueKind.Null), (many.GetProperty("count").GetInt32(), many.GetProperty("ids").ValueKind));
        Assert.Equal(3, few.GetProperty("ids").EnumerateArray().Distinct().Count());
        Assert.Equal(25003, await database.ScalarAsync<long>("select count(*) from pgconductor.executions"));
    }

    [Fact]
    public async Task An_interrupted_invoke_says_how_far_it_came_and_leaves_whole_chunks()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var stop = new CancellationTokenSource();
        var running = Cli.Run(database.ConnectionString, Cli.Environment(database.ConnectionString) with { Stop = stop.Token }, "invoke", "t", "--count", "100000000", "--json");
        await Eventually.IsTrue(async () => await database.ScalarAsync<long>("select count(*) from pgconductor.executions") > 0, "the first chunk");

        await stop.CancelAsync();
        var result = (await running.WaitAsync(TimeSpan.FromSeconds(60), Token)).Expect(130);

        Assert.Contains("Interrupted", result.Error, StringComparison.Ordinal);
        var count = await database.ScalarAsync<long>("select count(*) from pgconductor.executions");
        Assert.True(count is > 0 and < 100_000_000 && count % 10_000 == 0, $"{count}");
    }

    [Fact]
    public async Task Executions_are_listed_by_filter_and_page_and_counted()
    {
        await using var database = await TestDatabase.CreateAsync();
        var connection = database.ConnectionString;
        (await Cli.Run(connection, "invoke", "a", "--count", "3")).Expect(0);
        (await Cli.Run(connection, "invoke", "b", "--run-at", "2100-01-01")).Expect(0);

        Assert.Equal(4, (await List()).Count);
        Assert.Equal("b", Assert.Single(await List("--state", "scheduled")).GetProperty("task").GetString());
        Assert.Equal(3, (await List("--task", "a")).Count);
        Assert.Empty(await List("--queue", "other"));
        var page = await List("--limit", "2");
        var rest = await List("--before", page[^1].GetProperty("id").GetString()!);
        Assert.Equal(4, page.Concat(rest).Select(item => item.GetProperty("id").GetString()).Distinct().Count());

        var counts = (await Cli.Run(connection, "executions", "count", "--json")).Expect(0).Lines;
        Assert.Equal(["a ready 3", "b scheduled 1"], counts.Select(count => $"{count.GetProperty("task")} {count.GetProperty("state")} {count.GetProperty("count")}"));

        var plain = (await Cli.Run(connection, "executions", "list", "--task", "b")).Expect(0).Out.Split('\n');
        Assert.Matches("^ID +TASK +QUEUE +STATE", plain[0]);
        Assert.Matches("^[0-9a-f-]{36}  b +default +scheduled", plain[1]);

        async Task<IReadOnlyList<JsonElement>> List(params string[] args) => (await Cli.Run(connection, ["executions", "list", "--json", .. args])).Expect(0).Lines;
    }

    [Fact]
    public async Task Cancel_and_retry_say_what_they_did()
    {
        await using var database = await TestDatabase.CreateAsync();
        var connection = database.ConnectionString;
        var id = (await Cli.Run(connection, "invoke", "t")).Expect(0).Out.Trim();

        Assert.Equal("cancelled", (await Cli.Run(connection, "executions", "cancel", id, "--reason", "no need", "--json")).Expect(0).Document.GetProperty("outcome").GetString());
        var shown = (await Cli.Run(connection, "executions", "show", id, "--json")).Expect(0).Document;
        Assert.Equal(("cancelled", "no need"), (shown.GetProperty("state").GetString(), shown.GetProperty("reason").GetString()));
        (await Cli.Run(connection, "executions", "cancel", id)).Expect(1);

        (await Cli.Run(connection, "executions", "retry", id)).Expect(0);
        (await Cli.Run(connection, "executions", "retry", id)).Expect(4);
        Assert.Equal("ready", (await Cli.Run(connection, "executions", "show", id, "--json")).Expect(0).Document.GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("show")]
    [InlineData("cancel")]
    [InlineData("retry")]
    public async Task An_unknown_execution_is_not_found(string command)
    {
        await using var database = await TestDatabase.CreateAsync();

        var result = (await Cli.Run(database.ConnectionString, "executions", command, Guid.Empty.ToString(), "--json")).Expect(4);

        Assert.Equal("not-found", JsonDocument.Parse(result.Error).RootElement.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Waiting_gives_the_result_or_says_why_there_is_none()
    {
        await using var database = await TestDatabase.CreateAsync();
        var connection = database.ConnectionString;
        using var folder = new TestFolder();
        var config = folder.Write("tower.json", """{"tasks": {"hello-task": {"builtin": "hello-task"}, "sleep": {"builtin": "sleep"}, "fail": {"builtin": "fail", "backoff": ["0s"]}, "noop": {"builtin": "noop"}}}""");
        await using var worker = await RunningWorker.Start(connection, config);

        Assert.Equal("""{"msg": "Hello, you!"}""", (await Cli.Run(connection, "invoke", "hello-task", "--payload", """{"msg":"you"}""", "--wait")).Expect(0).Out.Trim());
        var recovered = (await Cli.Run(connection, "invoke", "fail", "--payload", """{"times":2}""", "--wait", "--json")).Expect(0).Document;
        Assert.Equal(("completed", 3), (recovered.GetProperty("state").GetString(), recovered.GetProperty("attempts").GetInt32()));
        var failed = (await Cli.Run(connection, "invoke", "fail", "--payload", """{"retry":false,"message":"broken"}""", "--wait", "--json")).Expect(5);
        Assert.Equal(("failed", "broken"), (failed.Document.GetProperty("state").GetString(), failed.Document.GetProperty("reason").GetString()));
        Assert.Equal(2, (await Cli.Run(connection, "invoke", "fail", "--payload", "{}", "--max-attempts", "2", "--wait", "--json")).Expect(5).Document.GetProperty("attempts").GetInt32());
        (await Cli.Run(connection, "invoke", "sleep", "--payload", """{"seconds":60}""", "--wait", "--timeout", "200ms")).Expect(6);

        var many = (await Cli.Run(connection, "invoke", "noop", "--count", "50", "--wait", "--json")).Expect(0).Document;
        Assert.Equal((50, 0), (many.GetProperty("completed").GetInt32(), many.GetProperty("failed").GetInt32()));
        (await Cli.Run(connection, "invoke", "fail", "--payload", """{"retry":false}""", "--count", "2", "--wait")).Expect(5);

        var sleeping = (await Cli.Run(connection, "executions", "list", "--state", "running", "--json")).Expect(0).Document.GetProperty("id").GetString()!;
        Assert.Equal("requested", (await Cli.Run(connection, "executions", "cancel", sleeping, "--json")).Expect(0).Document.GetProperty("outcome").GetString());
        await using var conductor = database.NewConductor();
        var error = await Assert.ThrowsAsync<ConductorException>(() => conductor.GetHandle<JsonElement>(Guid.Parse(sleeping)).WaitAsync(TimeSpan.FromSeconds(60), Token));
        Assert.Equal(ConductorErrorCode.ExecutionCancelled, error.Code);
    }
}
