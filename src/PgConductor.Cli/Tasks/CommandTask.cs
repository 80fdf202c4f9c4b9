using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using PgConductor.Cli.Config;

namespace PgConductor.Cli.Tasks;

/// <summary>A command task: the payload on standard input, the result from standard output, the outcome from the exit code.</summary>
/// <remarks>
/// The program runs in a session of its own, so that a Ctrl-C meant for the worker does not end what the worker wants to
/// finish. When it is to stop, everything it started stops with it: SIGTERM, then SIGKILL after the grace.
/// If this process is killed, its programs run on, and the executions are started again elsewhere after the takeover time.
/// </remarks>
internal sealed class CommandTask(CommandBody command, string folder, TimeProvider timeProvider)
{
    /// <summary>How long after the program's end its outputs are read: something it left running may hold them open.</summary>
    private static readonly TimeSpan _leftOpen = TimeSpan.FromSeconds(1);

    public async Task<JsonElement?> RunAsync(JsonElement payload, TaskContext context)
    {
        var run = Guid.NewGuid();
        using var process = Start(run, context);
        var tree = ProcessTree.Of(process, run, timeProvider);
        var tail = new OutputTail();
        var lines = new ErrorLines(context.Logger);
        var output = new CappedBuffer(ResultText.MaxBytes + 1);
        var feeding = FeedAsync(process.StandardInput.BaseStream, payload);
        var reading = Task.WhenAll(
            ReadAsync(process.StandardOutput.BaseStream, chunk =>
            {
                output.Append(chunk);
                tail.Append(chunk);
            }),
            ReadErrorsAsync(process.StandardError.BaseStream, tail, lines));

        try
        {
            await process.WaitForExitAsync(context.CancellationToken);
        }
        catch (OperationCanceledException exception)
        {
            await tree.EndAsync(command.KillGrace);
            await process.WaitForExitAsync(CancellationToken.None);
            await FinishAsync(reading);
            throw new OperationCanceledException($"The program was stopped.{Tail(tail)}", exception, context.CancellationToken);
        }

        await FinishAsync(Task.WhenAll(feeding, reading));
        return Judge(process.ExitCode, output, tail);
    }

    private JsonElement? Judge(int exitCode, CappedBuffer output, OutputTail tail)
    {
        var text = exitCode.ToString(CultureInfo.InvariantCulture);
        if (exitCode == 0)
        {
            return output.IsOver
                ? throw new NonRetryableException($"The program succeeded, but wrote more than {ResultText.MaxBytes} bytes to standard output, which is the result: write less, or store it elsewhere and print a reference.")
                : ResultText.Parse(output.Bytes);
        }

        throw command.DoNotRetry.Contains(exitCode)
            ? new NonRetryableException($"The program exited with code {text}, which says: do not retry.{Tail(tail)}")
            : new CommandFailedException($"The program exited with code {text}{Hint(exitCode)}.{Tail(tail)}");
    }

    private static string Hint(int exitCode) => exitCode switch
    {
        126 => " (it could not be executed)",
        127 => " (a program was not found)",
        137 => " (killed: SIGKILL, perhaps out of memory)",
        143 => " (ended by SIGTERM)",
        _ => "",
    };

    private static string Tail(OutputTail tail) => tail.ToString() is { Length: > 0 } text ? $" Its last output:\n{text}" : "";

    private Process Start(Guid run, TaskContext context)
    {
        var start = new ProcessStartInfo
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        SessionLauncher.Apply(start, command.Program, command.Arguments);
        start.Environment["PGCONDUCTOR_EXECUTION_ID"] = context.ExecutionId.ToString();
        start.Environment["PGCONDUCTOR_ATTEMPT"] = context.Attempt.ToString(CultureInfo.InvariantCulture);
        start.Environment["PGCONDUCTOR_TASK"] = context.TaskKey;
        start.Environment[ProcessTree.Variable] = run.ToString();
        try
        {
            return Process.Start(start)!;
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"The program \"{command.Program}\" cannot be started in \"{folder}\": {exception.Message}", exception);
        }
    }

    private static async Task FeedAsync(Stream input, JsonElement payload)
    {
        try
        {
            await using (input)
            {
                var json = payload.ValueKind == JsonValueKind.Undefined ? "null" : payload.GetRawText();
                await input.WriteAsync(Encoding.UTF8.GetBytes(json));
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The program ended, or closed its input, without reading all of it: its right.
        }
    }

    private static async Task ReadAsync(Stream stream, Chunk onChunk)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await stream.ReadAsync(buffer) is var count and > 0)
            {
                onChunk(buffer.AsSpan(0, count));
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Given up by FinishAsync, and closed since.
        }
    }

    private static async Task ReadErrorsAsync(Stream stream, OutputTail tail, ErrorLines lines)
    {
        await ReadAsync(stream, chunk =>
        {
            tail.Append(chunk);
            lines.Append(chunk);
        });
        lines.End();
    }

    private async Task FinishAsync(Task reading) => await Task.WhenAny(reading, Task.Delay(_leftOpen, timeProvider));

    private delegate void Chunk(ReadOnlySpan<byte> bytes);
}

/// <summary>The program of a command task failed; it is retried.</summary>
internal sealed class CommandFailedException(string message, Exception? innerException = null) : Exception(message, innerException);
