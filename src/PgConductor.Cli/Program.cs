using System.Runtime.InteropServices;
using System.Text;

namespace PgConductor.Cli;

/// <summary>The process: its streams, its signals, its exit code. Everything else takes them from here.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        using var stop = new CancellationTokenSource();
        using var stopNow = new CancellationTokenSource();
        var received = 0;
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);

        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        using var output = new StreamWriter(Console.OpenStandardOutput(), utf8, 16 * 1024);
        using var error = new StreamWriter(Console.OpenStandardError(), utf8, 1024) { AutoFlush = true };
        var interactive = !Console.IsOutputRedirected && !Console.IsErrorRedirected;
        var environment = new CliEnvironment
        {
            Out = interactive ? Console.Out : TextWriter.Synchronized(output),
            Error = interactive ? Console.Error : TextWriter.Synchronized(error),
            OpenInput = Console.OpenStandardInput,
            Interactive = interactive,
            Stop = stop.Token,
            StopNow = stopNow.Token,
        };
        try
        {
            var exitCode = await new CliApp(environment).RunAsync(args);
            await environment.Out.FlushAsync();
            return exitCode;
        }
        catch (IOException) when (!interactive)
        {
            // Whoever read our output has gone, as head does: what it did not want needs no report.
            return ExitCodes.Failed;
        }

        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            (Interlocked.Increment(ref received) == 1 ? stop : stopNow).Cancel();
        }
    }
}
