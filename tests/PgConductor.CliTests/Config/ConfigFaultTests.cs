using System.Text;
using PgConductor.Cli.Config;
using Xunit;

namespace PgConductor.CliTests.Config;

public sealed class ConfigFaultTests
{
    /// <summary>One fault each: the tasks' or the root's text, where the fault is, and what its message says.</summary>
    public static TheoryData<string, string, string> Faulty => new()
    {
        { """[]""", "", "must be an object" },
        { """{"tasks": {"a": {"builtin": "noop"}}, "task": 1}""", "task", "not known; the keys here are $schema, connection" },
        { """{}""", "tasks", "is missing" },
        { """{"tasks": {}}""", "tasks", "give at least one" },
        { """{"tasks": []}""", "tasks", "must be an object of tasks" },
        { Root("\"connection\": 5"), "connection", "5 must be an Npgsql connection string" },
        { Root("\"connection\": \"Hst=x\""), "connection", "'hst' is not known to Npgsql" },
        { Root("\"name\": \"\""), "name", "1 to 200 characters" },
        { Root("\"listen\": \"yes\""), "listen", "\"yes\" must be true or false" },
        { Root("\"heartbeat\": 5"), "heartbeat", "5 is not a duration; give a number with a unit" },
        { Root("\"heartbeat\": \"5\""), "heartbeat", "\"5\" is not a duration" },
        { Root("\"heartbeat\": \"-5s\""), "heartbeat", "\"-5s\" is not a duration" },
        { Root("\"heartbeat\": \"1ms\""), "heartbeat", "\"1ms\" must be 50ms to 10m" },
        { Root("\"heartbeat\": \"20s\""), "heartbeat", "at most a third of the takeover time 30s" },
        { Root("\"takeover\": \"3s\""), "takeover", "at most a third of the takeover time 3s" },
        { Root("\"drainTimeout\": \"2d\""), "drainTimeout", "must be 0s to 1d" },
        { Root("\"queues\": []"), "queues", "must be an object of queues" },
        { Root("\"queues\": {\"\": {}}"), "queues[\"\"]", "cannot be a queue name" },
        { Root("\"queues\": {\"q\": {\"concurrency\": 0}}"), "queues.q.concurrency", "0 must be a whole number from 1 to 10000" },
        { Root("\"queues\": {\"q\": {\"concurrency\": 1.5}}"), "queues.q.concurrency", "1.5 must be a whole number" },
        { Root("\"queues\": {\"q\": {\"workers\": 2}}"), "queues.q.workers", "the keys here are concurrency" },
        { Root("\"queues\": {\"q\": {\"maxPollInterval\": \"1ms\"}}"), "queues.q.maxPollInterval", "must not be shorter than the first, 5ms" },
        { Root("\"queues\": {\"q\": {}, \"q\": {}}"), "queues.q", "given twice" },
        { Task("\"a\": 5"), "tasks.a", "5 must be an object" },
        { Task("\"\": {\"builtin\": \"noop\"}"), "tasks[\"\"]", "cannot be a task key" },
        { Task("\"?\": {\"builtin\": \"noop\"}"), "tasks[\"?\"]", "cannot be a task key" },
        { Task("\"a\\u0002\": {\"builtin\": \"noop\"}"), "tasks[\"a\\u0002\"]", "cannot be a task key: give 1 to 200 bytes without control characters" },
        { Task("\"a b\": {\"builtin\": \"nop\"}"), "tasks[\"a b\"].builtin", "\"nop\" must be one of hello-task, sleep, fail, noop" },
        { Task("\"a\": {}"), "tasks.a", "exactly one of \"builtin\", \"command\" and \"http\"" },
        { Task("\"a\": {\"builtin\": \"noop\", \"command\": [\"sh\"]}"), "tasks.a", "has builtin and command" },
        { Task("\"a\": {\"command\": \"sh\"}"), "tasks.a.command", "must be an array of the program and its arguments" },
        { Task("\"a\": {\"command\": []}"), "tasks.a.command", "must be an array" },
        { Task("\"a\": {\"command\": [\"\"]}"), "tasks.a.command[0]", "the program first" },
        { Task("\"a\": {\"command\": [\"sh\", 5]}"), "tasks.a.command[1]", "5 must be a text" },
        { Task("\"a\": {\"command\": [\"./missing.sh\"]}"), "tasks.a.command[0]", "there is no file" },
        { Task("\"a\": {\"command\": [\"./plain.txt\"]}"), "tasks.a.command[0]", "is not executable; run chmod +x" },
        { Task("\"a\": {\"command\": [\"no-such-program\"]}"), "tasks.a.command[0]", "no program \"no-such-program\" on PATH" },
        { Task("\"a\": {\"command\": [\"sh\"], \"doNotRetryExitCodes\": [0]}"), "tasks.a.doNotRetryExitCodes[0]", "from 1 to 255" },
        { Task("\"a\": {\"builtin\": \"noop\", \"killGrace\": \"1s\"}"), "tasks.a.killGrace", "belongs to command tasks" },
        { Task("\"a\": {\"http\": {}}"), "tasks.a.http.url", "is missing" },
        { Task("\"a\": {\"http\": {\"url\": \"/hook\"}}"), "tasks.a.http.url", "must be an absolute http or https address" },
        { Task("\"a\": {\"http\": {\"url\": \"ftp://x/y\"}}"), "tasks.a.http.url", "must be an absolute http or https address" },
        { Task("\"a\": {\"http\": {\"url\": \"http://x/\", \"method\": \"PUT\"}}"), "tasks.a.http.method", "the keys here are url, headers" },
        { Task("\"a\": {\"http\": {\"url\": \"http://x/\", \"headers\": {\"Content-Type\": \"x\"}}}"), "tasks.a.http.headers.Content-Type", "set by pgconductor" },
        { Task("\"a\": {\"http\": {\"url\": \"http://x/\", \"headers\": {\"X\": \"a\\nb\"}}}"), "tasks.a.http.headers.X", "visible ASCII" },
        { Task("\"a\": {\"builtin\": \"noop\", \"maxAttempts\": 0}"), "tasks.a.maxAttempts", "from 1 to 32767" },
        { Task("\"a\": {\"builtin\": \"noop\", \"timeout\": \"0s\"}"), "tasks.a.timeout", "must be 1ms to 24d" },
        { Task("\"a\": {\"builtin\": \"noop\", \"timeout\": \"99999999999999999999999d\"}"), "tasks.a.timeout", "\"99999999999999999999999d\" is not a duration" },
        { Task("\"a\": {\"builtin\": \"noop\", \"backoff\": []}"), "tasks.a.backoff", "must be an array of durations" },
        { Task("\"a\": {\"builtin\": \"noop\", \"backoff\": [\"1s\", \"soon\"]}"), "tasks.a.backoff[1]", "\"soon\" is not a duration" },
        { Task("\"a\": {\"builtin\": \"noop\", \"backoffJitter\": 2}"), "tasks.a.backoffJitter", "from 0 to 1" },
        { Task("\"a\": {\"builtin\": \"noop\", \"keepCompleted\": \"never\"}"), "tasks.a.keepCompleted", "\"none\", \"forever\" or a duration" },
        { Task("\"a\": {\"builtin\": \"noop\", \"windows\": [\"09:00-17:00\", \"tomorrow\"]}"), "tasks.a.windows[1]", "\"tomorrow\" is not a window" },
        { Task("\"a\": {\"builtin\": \"noop\", \"windows\": \"09:00-17:00\"}"), "tasks.a.windows", "array of windows" },
        { Task("\"a\": {\"builtin\": \"noop\", \"windows\": [\"09:00-09:00\"]}"), "tasks.a.windows[0]", "ends where it starts" },
        { Task("\"a\": {\"builtin\": \"noop\", \"keepFailed\": 1}"), "tasks.a.keepFailed", "is not a duration" },
        { Task("\"a\": {\"builtin\": \"noop\", \"limits\": 1}"), "tasks.a.limits", "1 must be an object with concurrency" },
        { Task("\"a\": {\"builtin\": \"noop\", \"limits\": {\"concurrency\": 0}}"), "tasks.a.limits.concurrency", "0 must be a whole number from 1 to 1000000" },
        { Task("\"a\": {\"builtin\": \"noop\", \"limits\": {\"speed\": 1}}"), "tasks.a.limits.speed", "is not known" },
        { Task("\"a\": {\"builtin\": \"noop\", \"limits\": {\"concurrencyPerKey\": 1}}"), "tasks.a.limits", "without a \"key\"" },
        { Task("\"a\": {\"builtin\": \"noop\", \"limits\": {\"key\": 7, \"concurrencyPerKey\": 1}}"), "tasks.a.limits.key", "7 must be a path into the payload" },
        { Task("\"a\": {\"builtin\": \"noop\", \"limits\": {\"rate\": {\"count\": 5}}}"), "tasks.a.limits.rate.period", "is missing" },
        { Task("\"a\": {\"builtin\": \"noop\", \"limits\": {\"rate\": {\"count\": 5, \"period\": 1}}}"), "tasks.a.limits.rate.period", "1 is not a duration" },
        { Task("\"a\": {\"builtin\": \"noop\", \"queue\": \"\"}"), "tasks.a.queue", "must be a queue name" },
        { Root("\"schedules\": {}"), "service", "is missing; name the service" },
        { Root("\"service\": \"\""), "service", "a service's name" },
        { Schedule("\"a\": 5"), "schedules.a", "5 must be an object" },
        { Schedule("\"\": {\"task\": \"a\", \"cron\": \"@daily\"}"), "schedules[\"\"]", "cannot be a schedule's key" },
        { Schedule("\"a\": {\"cron\": \"@daily\"}"), "schedules.a.task", "is missing" },
        { Schedule("\"a\": {\"task\": \"a\"}"), "schedules.a.cron", "is missing" },
        { Schedule("\"a\": {\"task\": \"a\", \"cron\": \"0 0 32 * *\"}"), "schedules.a.cron", "day-of-month" },
        { Schedule("\"a\": {\"task\": \"a\", \"cron\": \"@daily\", \"timeZone\": \"Mars/Phobos\"}"), "schedules.a.timeZone", "not known to this machine" },
        { Schedule("\"a\": {\"task\": \"a\", \"cron\": \"@daily\", \"priority\": 101}"), "schedules.a.priority", "from -100 to 100" },
        { Schedule("\"a\": {\"task\": \"a\", \"cron\": \"@daily\", \"missed\": \"never\"}"), "schedules.a.missed", "one of skip, once, all" },
        { Schedule("\"a\": {\"task\": \"a\", \"cron\": \"@daily\", \"tolerance\": \"soon\"}"), "schedules.a.tolerance", "is not a duration" },
        { Schedule("\"a\": {\"task\": \"a\", \"cron\": \"@daily\", \"catchUp\": 0}"), "schedules.a.catchUp", "from 1 to 1000" },
        { Schedule("\"a\": {\"task\": \"a\", \"cron\": \"@daily\", \"queue\": \"\"}"), "schedules.a.queue", "must be a queue name" },
        { Schedule("\"a\": {\"task\": \"a\", \"cron\": \"@daily\", \"zone\": 1}"), "schedules.a.zone", "the keys here are task, cron" },
        { "{\"tasks\": \n {,}}", "", "line 2, byte 3: not JSON" },
        { "{\"tasks\": {\"\\ud800\": {}}}", "", "not valid Unicode" },
    };

    [Theory]
    [MemberData(nameof(Faulty))]
    public void A_fault_is_named_with_its_place_and_remedy(string json, string path, string message)
    {
        using var folder = new TestFolder();
        folder.Write("plain.txt", "");

        var fault = Assert.Single(Faults(json, folder.Root));

        Assert.Equal(path, fault.Path);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_fault_is_named_at_once()
    {
        using var folder = new TestFolder();

        var faults = Faults("""{"listen": 1, "heartbeat": "x", "queues": {"q": {"concurrency": 0, "prefetch": -1}}, "tasks": {"a": {"builtin": "x", "queue": 5}, "b": {}}}""", folder.Root);

        Assert.Equal(["tasks.a.queue", "tasks.a.builtin", "tasks.b", "listen", "heartbeat", "queues.q.concurrency", "queues.q.prefetch"], faults.Select(fault => fault.Path));
    }

    [Fact]
    public async Task A_faulty_file_ends_with_the_usage_code_before_anything_starts()
    {
        using var folder = new TestFolder();
        var file = folder.Write("tower.json", """{"tasks": {"a": {"builtin": "x"}}, "colour": 1}""");

        var plain = (await Cli.Run(null, "worker", "start", "--config", file)).Expect(2);
        Assert.Contains("has 2 faults", plain.Error, StringComparison.Ordinal);
        Assert.Contains("tasks.a.builtin: \"x\" must be one of", plain.Error, StringComparison.Ordinal);
        Assert.Empty(plain.Out);

        var json = (await Cli.Run(null, "worker", "start", "--config", file, "--json")).Expect(2);
        var error = System.Text.Json.JsonDocument.Parse(json.Error).RootElement.GetProperty("error");
        Assert.Equal("config", error.GetProperty("code").GetString());
        Assert.Equal(2, error.GetProperty("faults").GetArrayLength());
    }

    private static string Root(string member) => "{" + member + ", \"tasks\": {\"a\": {\"builtin\": \"noop\"}}}";

    private static string Task(string task) => "{\"tasks\": {" + task + "}}";

    private static string Schedule(string schedule) => Root("\"service\": \"s\", \"schedules\": {" + schedule + "}");

    private static List<ConfigFault> Faults(string json, string folder)
    {
        var faults = new List<ConfigFault>();
        Assert.Null(new TowerConfigReader(Environment.GetEnvironmentVariable).Read(Encoding.UTF8.GetBytes(json), folder, faults));
        return faults;
    }
}
