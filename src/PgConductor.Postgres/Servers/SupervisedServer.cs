using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using PgConductor.Postgres.Clusters;
using PgConductor.Postgres.Processes;

namespace PgConductor.Postgres.Servers;

/// <summary>A server under a small shell process that stops it when this process closes a pipe, or dies.</summary>
/// <remarks>
/// The ordinary stop and the one after a crash of the owner are the same code: the end of the supervisor's input.
/// Only when the supervisor itself is gone or stuck does this class stop the server by itself.
/// </remarks>
internal sealed class SupervisedServer : IServerControl
{
    private readonly Process _process;
    private readonly ClusterFolder _folder;
    private readonly ServerAccount _account;
    private readonly TimeSpan _grace;
    private readonly ILogger _logger;
    private readonly Task _reading;
    private readonly Channel<int> _ran = Channel.CreateUnbounded<int>();

    // Written by ServeAsync before the command is sent, read by the reader after the server's end: one server at a time.
    private volatile TaskCompletionSource<int> _exited = NewExit();

    private SupervisedServer(Process process, ClusterFolder folder, ServerAccount account, TimeSpan grace, ILogger logger)
    {
        _process = process;
        _folder = folder;
        _account = account;
        _grace = grace;
        _logger = logger;
        Supervisor = ProcessIdentity.Of(process.Id);
        _reading = ReadAsync();
    }

    public ProcessIdentity? Supervisor { get; }

    /// <summary>Starts the supervisor; from here on nothing of the folder outlives the owner.</summary>
    /// <param name="folder">The cluster.</param>
    /// <param name="account">Who runs the server.</param>
    /// <param name="controlProgram">The path of <c>pg_ctl</c>.</param>
    /// <param name="grace">How long a fast shutdown may take before an immediate one follows.</param>
    /// <param name="logger">Receives what goes wrong while stopping.</param>
    public static SupervisedServer Start(ClusterFolder folder, ServerAccount account, string controlProgram, TimeSpan grace, ILogger logger)
    {
        string seconds = grace.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        IReadOnlyList<string> stop = account.Command(controlProgram, "stop", "-s", "-w", "-D", folder.Data);
        string[] command =
        [
            .. SessionLeader(),
            SystemPath.Find("sh") ?? "/bin/sh",
            "-c",
            ReadScript(),
            "pgconductor-supervisor",
            folder.Root,
            folder.IsTemporary ? "yes" : "no",
            seconds,
            .. stop,
        ];
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(command[0], command.Skip(1))
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                WorkingDirectory = ProcessRunner.NeutralDirectory,
            },
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            throw new LocalPostgresException(LocalPostgresErrors.StartFailed, $"'{command[0]}', which guards the server, could not be started: {e.Message}", e);
        }

        return new SupervisedServer(process, folder, account, grace, logger);
    }

    public async Task<int> RunAsync(IReadOnlyList<string> command, CancellationToken ct)
    {
        await SendAsync(_account.Command(command), "run").ConfigureAwait(false);
        return await _ran.Reader.ReadAsync(ct).ConfigureAwait(false);
    }

    public async Task<Task<int>> ServeAsync(ServerCommand server, CancellationToken ct)
    {
        TaskCompletionSource<int> exit = NewExit();
        _exited = exit;
        await SendAsync(_account.Command([server.Binaries.Server, .. server.Arguments]), "serve").ConfigureAwait(false);
        return exit.Task;
    }

    public async Task StopAsync(CancellationToken ct)
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException e)
        {
            // The supervisor is gone, and with it the reader of what was still to be sent.
            Log.SupervisorLost(_logger, e, _folder.Root);
        }

        var deadline = new Deadline((2 * _grace) + TimeSpan.FromSeconds(10));
        if (!await deadline.WaitUntilAsync(() => _process.HasExited, ct).ConfigureAwait(false))
        {
            Log.SupervisorStuck(_logger, _process.Id, _folder.Root);
            _process.Kill(entireProcessTree: true);
        }

        // After a supervisor that did its work there is nothing left to clear.
        await new AbandonedCluster(_folder, _logger).ClearAsync(ct).ConfigureAwait(false);
        if (await new Deadline(_grace).WaitUntilAsync(() => _reading.IsCompleted, ct).ConfigureAwait(false))
        {
            await _reading.ConfigureAwait(false);
            _process.Dispose();
        }
    }

    private static TaskCompletionSource<int> NewExit() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task SendAsync(IReadOnlyList<string> words, string verb)
    {
        try
        {
            foreach (string word in words)
            {
                await _process.StandardInput.WriteAsync($"word {word}\n").ConfigureAwait(false);
            }

            await _process.StandardInput.WriteAsync($"{verb}\n").ConfigureAwait(false);
            await _process.StandardInput.FlushAsync().ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw SupervisorGone(e);
        }
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            string[] words = line.Split(' ');
            int status = int.Parse(words[1], CultureInfo.InvariantCulture);
            if (words[0] == "ran")
            {
                _ran.Writer.TryWrite(status);
            }
            else
            {
                _exited.TrySetResult(status);
            }
        }

        _ran.Writer.TryComplete(SupervisorGone(null));
    }

    private LocalPostgresException SupervisorGone(Exception? cause) =>
        new(
            LocalPostgresErrors.StartFailed,
            $"The process that guards the server in '{_folder.Root}' ended before its work was done: {LogTail.Read(_folder.SupervisorLog)}",
            cause
        );

    // A session of its own keeps the server out of reach of a Ctrl-C in the owner's terminal. macOS has no setsid program.
    private static string[] SessionLeader()
    {
        if (SystemPath.Find("setsid") is { } setsid)
        {
            return [setsid];
        }

        return SystemPath.Find("perl") is { } perl ? [perl, "-e", "use POSIX 'setsid'; setsid(); exec { $ARGV[0] } @ARGV or die $!"] : [];
    }

    private static string ReadScript()
    {
        using Stream script = typeof(SupervisedServer).Assembly.GetManifestResourceStream("supervisor.sh")!;
        using var reader = new StreamReader(script);
        return reader.ReadToEnd();
    }
}
