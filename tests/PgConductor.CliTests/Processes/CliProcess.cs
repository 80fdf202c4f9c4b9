using System.Diagnostics;
using System.Globalization;
using System.Text;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.CliTests.Processes;

/// <summary>The built executable in a process of its own.</summary>
internal sealed class CliProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    private CliProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(_error, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Output => Read(_output);

    public string Error => Read(_error);

    public bool HasExited => _process.HasExited;

    public static CliProcess Start(string? connection, string workingDirectory, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "PgConductor.Cli.dll"), .. args])
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("DATABASE_URL");
        if (connection is not null)
        {
            start.Environment["DATABASE_URL"] = connection;
        }

        return new CliProcess(Process.Start(start)!);
    }

    public static async Task<CliProcess> StartReady(string? connection, string workingDirectory, params string[] args)
    {
        var process = Start(connection, workingDirectory, args);
        await Eventually.IsTrue(() => process.HasExited || process.Output.Contains("ready", StringComparison.Ordinal), "ready", seconds: 180);
        Assert.True(!process.HasExited, $"it ended: {process.Output}{process.Error}");
        return process;
    }

    public async Task<CliResult> End(int seconds = 120)
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(seconds), TestContext.Current.CancellationToken);
        return new CliResult(_process.ExitCode, Output, Error);
    }

    public async Task Signal(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: false);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static void Append(StringBuilder text, string? line)
    {
        lock (text)
        {
            text.Append(line).Append(line is null ? "" : "\n");
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }
}
