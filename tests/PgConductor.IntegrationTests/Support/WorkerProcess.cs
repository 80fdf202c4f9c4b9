using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Support;

/// <summary>A worker in a process of its own, to be killed, frozen and signalled. What it says is kept.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ConcurrentQueue<string> _errors = new();

    private WorkerProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, e) => Keep(_lines, e.Data);
        process.ErrorDataReceived += (_, e) => Keep(_errors, e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public Guid OrchestratorId => Guid.Parse(Said("ready")[0].Split(' ')[1]);

    /// <summary>Starts it; arguments as its Program.cs says.</summary>
    public static WorkerProcess Begin(TestDatabase database, params string[] settings)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "PgConductor.TestWorker"), [$"connection={database.ConnectionString}", .. settings])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // A crash on purpose needs no core file.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        return new WorkerProcess(Process.Start(start)!);
    }

    /// <summary>Starts it and waits until it claims.</summary>
    public static async Task<WorkerProcess> StartAsync(TestDatabase database, params string[] settings)
    {
        var worker = Begin(database, settings);
        await worker.SaysAsync("ready");
        return worker;
    }

    /// <summary>The lines that begin with a word.</summary>
    public string[] Said(string word) => [.. _lines.Where(line => line == word || line.StartsWith(word + " ", StringComparison.Ordinal))];

    public Task SaysAsync(string word, int times = 1, int seconds = 90) =>
        Eventually.IsTrue(
            () => Said(word).Length >= times || (HasExited && Gone(word, times)),
            () => $"the worker says \"{word}\" {times} times; it said: {string.Join(" | ", _lines.TakeLast(20))} {string.Join(" | ", _errors.TakeLast(20))}",
            seconds);

    /// <summary>Waits for the start of an attempt; its process may be dead by the time this is seen.</summary>
    public Task SaysStartAsync(int attempt) =>
        Eventually.IsTrue(() => Said("start").Any(line => line.Split(' ')[2] == $"{attempt}"), () => $"attempt {attempt} starts; it said: {string.Join(" | ", _lines)} {string.Join(" | ", _errors)}", 90);

    /// <summary>Opens the gate at which its handlers wait.</summary>
    public Task OpenAsync() => _process.StandardInput.WriteLineAsync("open");

    /// <summary>Ends it as SIGKILL does.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: false);
        await ExitAsync();
    }

    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", Pid.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public async Task ExitAsync(int seconds = 60)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        await _process.WaitForExitAsync(limit.Token);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: false);
        }

        _process.Dispose();
    }

    /// <summary>What it said last may still be on its way when its end is seen.</summary>
    private bool Gone(string word, int times)
    {
        _process.WaitForExit();
        return Said(word).Length >= times
            ? true
            : throw new InvalidOperationException($"The worker ended with {ExitCode} without saying \"{word}\" {times} times: {string.Join('\n', _lines)} {string.Join('\n', _errors)}");
    }

    private static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
        }
    }
}
