using System.Text;
using PgConductor.Cli;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.CliTests;

/// <summary>`worker start` in this process, ready.</summary>
internal sealed class RunningWorker : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _stopNow = new();
    private readonly Lines _output = new();
    private readonly Lines _error = new();
    private Task<int> _run = Task.FromResult(-1);

    public string Output => _output.ToString();

    public string Error => _error.ToString();

    public static async Task<RunningWorker> Start(string connection, string config, params string[] args)
    {
        var worker = new RunningWorker();
        var environment = Cli.Environment(connection) with
        {
            Out = TextWriter.Synchronized(worker._output),
            Error = TextWriter.Synchronized(worker._error),
            Stop = worker._stop.Token,
            StopNow = worker._stopNow.Token,
        };
        worker._run = Task.Run(() => new CliApp(environment).RunAsync(["worker", "start", "--config", config, .. args]));
        await Eventually.IsTrue(() => worker._run.IsCompleted || worker.Output.Contains("ready", StringComparison.Ordinal), "the worker is ready");
        Assert.True(!worker._run.IsCompleted || worker.Output.Contains("ready", StringComparison.Ordinal), $"the worker ended: {worker.Output}{worker.Error}");
        return worker;
    }

    public Task<int> Ended => _run;

    public void Signal() => (_stop.IsCancellationRequested ? _stopNow : _stop).Cancel();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _stopNow.CancelAsync();
        await _run.WaitAsync(TimeSpan.FromSeconds(90));
        _stop.Dispose();
        _stopNow.Dispose();
    }

    /// <summary>A writer that can be read while it is written.</summary>
    private sealed class Lines : TextWriter
    {
        private readonly StringBuilder _text = new();

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value)
        {
            lock (_text)
            {
                _text.Append(value);
            }
        }

        public override string ToString()
        {
            lock (_text)
            {
                return _text.ToString();
            }
        }
    }
}
