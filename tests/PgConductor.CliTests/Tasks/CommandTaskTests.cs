using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.CliTests.Tasks;

public sealed class CommandTaskTests : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("cat", """{"a": "\u00e9"}""", """{"a": "é"}""")]
    [InlineData("cat >/dev/null", "1", null)]
    [InlineData("true", "1", null)]
    [InlineData("printf '  \\n'", "1", null)]
    [InlineData("echo plain text; echo and more", "1", "\"plain text\\nand more\"")]
    [InlineData("printf 'a\\000b'", "1", "\"a\uFFFDb\"")]
    [InlineData("printf '[1,\\n2]'; echo noise >&2", "1", "[1, 2]")]
    [InlineData("pwd", "1", "\"FOLDER\"")]
    [InlineData("echo \"$PGCONDUCTOR_TASK $PGCONDUCTOR_ATTEMPT\"", "1", "\"t 1\"")]
    [InlineData("exec <&-; echo 5", "1", "5")]
    public async Task Exit_code_0_completes_with_standard_output(string script, string payload, string? result)
    {
        var shown = await Run(script, payload, exitCode: 0);

        Assert.Equal("completed", shown.GetProperty("state").GetString());
        var actual = shown.GetProperty("result");
        Assert.Equal(result is null ? null : JsonSerializer.Serialize(JsonDocument.Parse(result.Replace("FOLDER", _folder.Root, StringComparison.Ordinal))), actual.ValueKind == JsonValueKind.Null ? null : JsonSerializer.Serialize(actual));
        Assert.Equal(result is null, await _database.ScalarAsync<bool>("select result is null from pgconductor.completed_executions"));
    }

    [Fact]
    public async Task A_payload_larger_than_a_pipe_that_nobody_reads_harms_nothing()
    {
        var shown = await Run("echo done", JsonSerializer.Serialize(new string('x', 1_000_000)), exitCode: 0);

        Assert.Equal("done", shown.GetProperty("result").GetString());
    }

    [Fact]
    public async Task What_a_program_leaves_running_does_not_hold_its_result_back()
    {
        var clock = Stopwatch.StartNew();
        var shown = await Run($"sleep 300 & echo $! >\"{_folder.Root}/left\"; echo 1", "1", exitCode: 0);

        Assert.Equal(1, shown.GetProperty("result").GetInt32());
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(200));
        var left = Process.GetProcessById(int.Parse(_folder.Read("left"), CultureInfo.InvariantCulture));
        left.Kill();
    }

    [Fact]
    public async Task What_a_program_writes_to_standard_error_is_kept_line_by_line_with_its_execution()
    {
        var shown = await Run("echo 42; printf 'reading\\n\\nd\\303\\251j\\303\\240 vu\\nno newline' >&2", "1", exitCode: 0, ",\"keepLogs\":\"1d\"");

        Assert.Equal(42, shown.GetProperty("result").GetInt32());
        var lines = (await Cli.Run(_database.ConnectionString, "executions", "logs", shown.GetProperty("id").GetString()!, "--json")).Expect(0).Lines;
        Assert.Equal(["reading", "d\u00e9j\u00e0 vu", "no newline"], lines.Select(line => line.GetProperty("message").GetString()));
        Assert.All(lines, line => Assert.Equal(("information", 1, "PgConductor.Tasks.t"), (line.GetProperty("level").GetString(), line.GetProperty("attempt").GetInt32(), line.GetProperty("category").GetString())));
    }

    [Theory]
    [InlineData("exit 100", "", 1, "exited with code 100, which says: do not retry")]
    [InlineData("exit 9", ",\"doNotRetryExitCodes\":[9]", 1, "do not retry")]
    [InlineData("exit 100", ",\"doNotRetryExitCodes\":[]", 3, "exited with code 100")]
    [InlineData("exit 7", "", 3, "exited with code 7")]
    [InlineData("no-such-program-at-all", "", 3, "exited with code 127 (a program was not found)")]
    [InlineData("kill -9 $$", "", 3, "exited with code 137 (killed")]
    public async Task Other_exit_codes_are_retried_or_not(string script, string options, int attempts, string reason)
    {
        var shown = await Run(script, "1", exitCode: 5, options);

        Assert.Equal(("failed", attempts), (shown.GetProperty("state").GetString(), shown.GetProperty("attempts").GetInt32()));
        Assert.Contains(reason, shown.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_keeps_the_tail_of_both_outputs()
    {
        // The two outputs are read beside each other: the pause is for the reader of the first.
        var shown = await Run("i=0; while [ $i -lt 2000 ]; do echo \"line $i\"; i=$((i+1)); done; sleep 3; echo last words >&2; exit 100", "1", exitCode: 5);

        var reason = shown.GetProperty("reason").GetString()!;
        Assert.EndsWith("line 1999\nlast words", reason, StringComparison.Ordinal);
        Assert.DoesNotContain("line 0\n", reason, StringComparison.Ordinal);
        Assert.InRange(reason.Length, 4000, 4300);
    }

    [Theory]
    [InlineData("", "killed by SIGTERM")]
    [InlineData("trap '' TERM; ", "killed by SIGKILL")]
    public async Task A_timeout_ends_the_program_and_all_that_it_started(string trap, string how)
    {
        // A child, one whose parent is gone, and one in a session of its own.
        var script = $"""
            {trap}echo $$ >root
            sleep 300 & echo $! >child
            (sleep 300 & echo $! >orphan)
            setsid sh -c '{trap}echo $$ >session; sleep 300; sleep 300'
            sleep 300
            """;
        var shown = await Run(script, "1", exitCode: 5, ",\"timeout\":\"6s\",\"maxAttempts\":1,\"killGrace\":\"300ms\"");

        Assert.Contains("ran longer than its timeout", shown.GetProperty("reason").GetString(), StringComparison.Ordinal);
        foreach (var name in new[] { "root", "child", "orphan", "session" })
        {
            Assert.True(_folder.Has(name), $"{name} had not started before the timeout");
            Assert.False(IsAlive(int.Parse(_folder.Read(name), CultureInfo.InvariantCulture)), $"{name} was not {how}");
        }
    }

    [Fact]
    public async Task A_cancellation_ends_the_program()
    {
        _folder.Script("task.sh", "trap 'echo bye >ended; exit 0' TERM; echo $$ >root; while :; do sleep 0.05; done");
        await using var worker = await RunningWorker.Start(_database.ConnectionString, Config(""));
        var id = (await Cli.Run(_database.ConnectionString, "invoke", "t")).Expect(0).Out.Trim();
        await Eventually.IsTrue(() => _folder.Has("root"), "the program runs");

        (await Cli.Run(_database.ConnectionString, "executions", "cancel", id, "--reason", "changed my mind")).Expect(0);
        await Eventually.IsTrue(() => Show(id).Result.GetProperty("state").GetString() == "cancelled", "the execution is cancelled");

        // A program that ends with 0 because it was told to has not done its work.
        Assert.Equal("bye", _folder.Read("ended"));
        Assert.Equal("changed my mind", (await Show(id)).GetProperty("reason").GetString());
        Assert.False(IsAlive(int.Parse(_folder.Read("root"), CultureInfo.InvariantCulture)));
    }

    private async Task<JsonElement> Run(string script, string payload, int exitCode, string options = "")
    {
        _folder.Script("task.sh", script);
        await using var worker = await RunningWorker.Start(_database.ConnectionString, Config(options));
        var file = _folder.Write("payload.json", payload);
        var result = (await Cli.Run(_database.ConnectionString, "invoke", "t", "--payload-file", file, "--wait", "--timeout", "180s", "--json")).Expect(exitCode);
        return await Show(result.Document.GetProperty("id").GetString()!);
    }

    private string Config(string options) =>
        _folder.Write("tower.json", "{\"tasks\": {\"t\": {\"command\": [\"./task.sh\"], \"backoff\": [\"0s\"]" + (options.Contains("maxAttempts", StringComparison.Ordinal) ? "" : ", \"maxAttempts\": 3") + options + "}}}");

    private async Task<JsonElement> Show(string id) => (await Cli.Run(_database.ConnectionString, "executions", "show", id, "--json")).Expect(0).Document;

    private static bool IsAlive(int pid) =>
        File.Exists($"/proc/{pid}/stat") && !File.ReadAllText($"/proc/{pid}/stat").Split(')')[^1].TrimStart().StartsWith('Z');
}
