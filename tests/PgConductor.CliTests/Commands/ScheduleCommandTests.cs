using System.Text.Json;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.CliTests.Commands;

public sealed class ScheduleCommandTests
{
    [Fact]
    public async Task Schedules_are_made_listed_paused_resumed_run_and_deleted()
    {
        await using var database = await TestDatabase.CreateAsync();
        string[] create = ["create", "nightly", "--task", "report", "--cron", "0 2 * * *"];
        string[] full = [.. create, "--time-zone", "Europe/Berlin", "--payload", "{\"n\":1}", "--queue", "default", "--priority", "5", "--missed", "all", "--tolerance", "90s", "--catch-up", "7", "--no-overlap"];

        Assert.Equal("created", (await Run(0, create)).GetProperty("outcome").GetString());
        Assert.Equal("unchanged", (await Run(0, create)).GetProperty("outcome").GetString());
        var changed = await Run(0, full);
        Assert.Equal("changed", changed.GetProperty("outcome").GetString());
        Assert.Equal(JsonValueKind.String, changed.GetProperty("nextRunAt").ValueKind);

        var listed = await Run(0, "list");
        Assert.Equal(
            """nightly|report|default|0 2 * * *|Europe/Berlin|5|all|90|7|False|False|{"n":1}""",
            string.Join('|', ((string[])["key", "task", "queue", "cron", "timeZone", "priority", "missed", "toleranceSeconds", "catchUp", "overlap", "paused"]).Select(name => listed.GetProperty(name).ToString()).Append(JsonSerializer.Serialize(listed.GetProperty("payload")))));
        Assert.Equal(JsonValueKind.Null, listed.GetProperty("service").ValueKind);

        Assert.Equal("paused", (await Run(0, "pause", "nightly")).GetProperty("outcome").GetString());
        Assert.True((await Run(0, "list")).GetProperty("paused").GetBoolean());
        var id = (await Run(0, "run", "nightly")).GetProperty("id").GetString()!;
        var execution = (await Cli.Run(database.ConnectionString, "executions", "show", id, "--json")).Expect(0).Document;
        Assert.Equal(("report", 5, 1), (execution.GetProperty("task").GetString(), execution.GetProperty("priority").GetInt32(), execution.GetProperty("payload").GetProperty("n").GetInt32()));
        Assert.Equal("resumed", (await Run(0, "resume", "nightly")).GetProperty("outcome").GetString());
        Assert.Equal("deleted", (await Run(0, "delete", "nightly")).GetProperty("outcome").GetString());

        Assert.Equal("not-found", await Refused(4, "delete", "nightly"));
        Assert.Equal("not-found", await Refused(4, "pause", "nightly"));
        Assert.Equal("not-found", await Refused(4, "run", "nightly"));
        Assert.Equal("unknown-queue", await Refused(4, [.. create, "--queue", "nowhere"]));
        Assert.Equal("invalid-argument", await Refused(2, "create", "k", "--task", "t", "--cron", "0 0 32 * *"));
        Assert.Equal("invalid-argument", await Refused(2, [.. create, "--time-zone", "Mars/Phobos"]));
        Assert.Equal("usage", await Refused(2, "create", "k", "--task", "t", "--cron", "@daily", "--missed", "never"));
        Assert.Equal("usage", await Refused(2, "create", "k", "--task", "t"));

        async Task<JsonElement> Run(int exitCode, params string[] args) =>
            (await Cli.Run(database.ConnectionString, ["schedules", .. args, "--json"])).Expect(exitCode).Document;

        async Task<string?> Refused(int exitCode, params string[] args) =>
            JsonDocument.Parse((await Cli.Run(database.ConnectionString, ["schedules", .. args, "--json"])).Expect(exitCode).Error).RootElement.GetProperty("error").GetProperty("code").GetString();
    }

    [Fact]
    public async Task A_workers_config_file_declares_schedules_and_only_force_deletes_one()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var folder = new TestFolder();
        var config = folder.Write("tower.json", """
            {
                "service": "tower",
                "tasks": { "tick": { "builtin": "noop" } },
                "schedules": {
                    "fast": { "task": "tick", "cron": "* * * * * *", "payload": {"n": 2}, "missed": "skip", "tolerance": "30s", "priority": 3 },
                    "yearly": { "task": "tick", "cron": "@yearly", "timeZone": "Europe/Berlin" }
                }
            }
            """);
        await using (await RunningWorker.Start(database.ConnectionString, config))
        {
            await Eventually.IsTrue(async () => await database.ScalarAsync<long>("select count(*) from pgconductor.completed_executions where priority = 3 and payload = '{\"n\": 2}'") >= 2, "it runs every second");
        }

        var schedules = (await Cli.Run(database.ConnectionString, "schedules", "list", "--json")).Expect(0).Lines;
        Assert.Equal(["fast tower skip", "yearly tower once"], schedules.Select(schedule => $"{schedule.GetProperty("key").GetString()} {schedule.GetProperty("service").GetString()} {schedule.GetProperty("missed").GetString()}"));
        (await Cli.Run(database.ConnectionString, "schedules", "delete", "fast")).Expect(1);
        (await Cli.Run(database.ConnectionString, "schedules", "delete", "fast", "--force")).Expect(0);
    }
}
