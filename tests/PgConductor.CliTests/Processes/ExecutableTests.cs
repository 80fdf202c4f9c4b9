using System.Globalization;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.CliTests.Processes;

public sealed class ExecutableTests
{
    [Fact]
    public async Task A_worker_runs_what_is_invoked_and_finishes_its_command_on_sigterm()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var folder = new TestFolder();
        folder.Script("slow.sh", "echo $$ >started; while [ ! -e go ]; do sleep 0.05; done; echo '\"finished\"'");
        folder.Write("tower.json", """{"tasks": {"hello-task": {"builtin": "hello-task"}, "slow": {"command": ["./slow.sh"]}}}""");
        await using var worker = await CliProcess.StartReady(database.ConnectionString, folder.Root, "worker", "start", "--config=tower.json");

        await using var hello = CliProcess.Start(database.ConnectionString, folder.Root, "invoke", "hello-task", "--payload", """{"msg":"box"}""", "--wait");
        Assert.Equal("""{"msg": "Hello, box!"}""", (await hello.End()).Expect(0).Out.Trim());

        await using var waiting = CliProcess.Start(database.ConnectionString, folder.Root, "invoke", "slow", "--wait");
        await Eventually.IsTrue(() => folder.Has("started"), "the program runs");
        await worker.Signal("TERM");
        await Eventually.IsTrue(() => worker.Output.Contains("stopping", StringComparison.Ordinal), "the worker stops");
        folder.Write("go", "now");

        Assert.Equal("\"finished\"", (await waiting.End()).Expect(0).Out.Trim());
        Assert.EndsWith("stopped\n", (await worker.End()).Expect(0).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_sigterm_ends_it_now_and_its_programs_with_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var folder = new TestFolder();
        folder.Script("slow.sh", "echo $$ >started; sleep 300");
        folder.Write("tower.json", """{"tasks": {"slow": {"command": ["./slow.sh"]}}}""");
        await using var worker = await CliProcess.StartReady(database.ConnectionString, folder.Root, "worker", "start", "--config=tower.json");
        var id = (await Cli.Run(database.ConnectionString, "invoke", "slow")).Expect(0).Out.Trim();
        await Eventually.IsTrue(() => folder.Has("started"), "the program runs");

        await worker.Signal("TERM");
        await Eventually.IsTrue(() => worker.Output.Contains("stopping", StringComparison.Ordinal), "the worker stops");
        await worker.Signal("TERM");

        (await worker.End()).Expect(130);

        // Dead; process 1 may take its time to bury it.
        await Eventually.IsTrue(() => !Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{folder.Read("started")}")), "its program is gone", seconds: 20);
        Assert.Equal("ready", (await Cli.Run(database.ConnectionString, "executions", "show", id, "--json")).Expect(0).Document.GetProperty("state").GetString());
    }

    [Fact]
    public async Task An_interrupted_wait_is_130_and_the_execution_stays()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var waiting = CliProcess.Start(database.ConnectionString, Path.GetTempPath(), "invoke", "nobody", "--wait", "--json");
        await Eventually.IsTrue(async () => await database.ScalarAsync<long>("select count(*) from pgconductor.executions") == 1, "it is enqueued", seconds: 90);

        await waiting.Signal("INT");

        Assert.Contains("\"code\":\"interrupted\"", (await waiting.End()).Expect(130).Error, StringComparison.Ordinal);
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from pgconductor.executions"));
    }

    [Fact]
    public async Task Dev_serves_other_commands_of_its_folder_and_leaves_no_server_however_it_ends()
    {
        using var folder = new TestFolder();
        foreach (var signal in new[] { "INT", "KILL" })
        {
            await using var dev = await CliProcess.StartReady(null, folder.Root, "dev");
            Assert.Contains("connection  Host=127.0.0.1", dev.Output, StringComparison.Ordinal);
            await using var invoke = CliProcess.Start(null, folder.Root, "invoke", "hello-task", "--wait");
            Assert.Contains("Hello, world!", (await invoke.End()).Expect(0).Out, StringComparison.Ordinal);
            var server = File.ReadLines(Path.Combine(folder.Root, ".pgconductor", "data", "postmaster.pid")).First();

            await dev.Signal(signal);

            Assert.Equal(signal == "INT" ? 0 : 137, (await dev.End()).ExitCode);
            await Eventually.IsTrue(() => !Directory.Exists($"/proc/{server}"), $"the server ends after SIG{signal}", seconds: 120);
            await Eventually.IsTrue(() => SupervisorIsGone(folder), "its guard ends", seconds: 120);
        }

        (await Cli.Run(null, "queues", "list", "--directory", Path.Combine(folder.Root, ".pgconductor"))).Expect(3);

        // Else the folder would be removed under its feet.
        static bool SupervisorIsGone(TestFolder folder) => !Directory.EnumerateDirectories("/proc").Any(process =>
        {
            try
            {
                return int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out _) && File.ReadAllText($"{process}/cmdline").Contains($"pgconductor-supervisor\0{folder.Root}", StringComparison.Ordinal);
            }
            catch (IOException)
            {
                return false;
            }
        });
    }
}
