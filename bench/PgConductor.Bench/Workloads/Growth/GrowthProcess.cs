using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;

namespace PgConductor.Bench.Workloads.Growth;

/// <summary>A <see cref="GrowthChild"/>, seen from the process that measures.</summary>
internal sealed class GrowthProcess : IDisposable
{
    private static readonly TimeSpan _longestAnswer = TimeSpan.FromMinutes(3);

    private readonly GrowthSpec _spec;
    private readonly Process _process;
    private readonly Channel<string> _answers = Channel.CreateUnbounded<string>();
    private int _passes;
    private int _ran;

    private GrowthProcess(GrowthSpec spec, Process process)
    {
        _spec = spec;
        _process = process;
    }

    /// <summary>How many it has started in this pass, a few milliseconds ago.</summary>
    public int Ran => Volatile.Read(ref _ran);

    /// <summary>Returns when it waits for work.</summary>
    public static async Task<GrowthProcess> StartAsync(GrowthSpec spec, CancellationToken cancellationToken)
    {
        var start = ChildProgram.Start(GrowthChild.Verb);
        start.RedirectStandardInput = true;
        start.Environment[GrowthChild.SpecVariable] = JsonSerializer.Serialize(spec);
        var process = new GrowthProcess(spec, Process.Start(start)!);
        try
        {
            _ = process.ReadAsync();
            await process.ExpectReadyAsync(cancellationToken);
            return process;
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    public async Task BeginAsync(int count, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _passes, _passes + 1);
        Volatile.Write(ref _ran, 0);
        await SendAsync(GrowthChild.Pass + count.ToString(CultureInfo.InvariantCulture));
        await ExpectReadyAsync(cancellationToken);
    }

    public async Task<GrowthReport> ReportAsync(CancellationToken cancellationToken)
    {
        await SendAsync(GrowthChild.Report);
        return JsonSerializer.Deserialize<GrowthReport>(await AnswerAsync(cancellationToken))!;
    }

    /// <summary>Stops it gracefully. Returns which executions it ran.</summary>
    public async Task<RunMarks> StopAsync(CancellationToken cancellationToken)
    {
        _process.StandardInput.Close();
        var marks = RunMarks.Parse(_spec.Total, await AnswerAsync(cancellationToken));
        await _process.WaitForExitAsync(cancellationToken);
        return marks;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(GrowthChild.Ran, StringComparison.Ordinal))
            {
                var counts = line[GrowthChild.Ran.Length..].Split(' ');
                if (int.Parse(counts[0], CultureInfo.InvariantCulture) == Volatile.Read(ref _passes))
                {
                    Volatile.Write(ref _ran, int.Parse(counts[1], CultureInfo.InvariantCulture));
                }
            }
            else
            {
                _answers.Writer.TryWrite(line);
            }
        }

        _answers.Writer.TryComplete(new BenchException("a worker process ended before it was told to; its error is above."));
    }

    private async Task SendAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    private async Task ExpectReadyAsync(CancellationToken cancellationToken)
    {
        var answer = await AnswerAsync(cancellationToken);
        if (answer != GrowthChild.Ready)
        {
            throw new BenchException($"a worker process said \"{answer}\" instead of \"{GrowthChild.Ready}\".");
        }
    }

    private async Task<string> AnswerAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _answers.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(_longestAnswer, cancellationToken);
        }
        catch (ChannelClosedException exception) when (exception.InnerException is BenchException ended)
        {
            throw ended;
        }
        catch (TimeoutException)
        {
            throw new BenchException($"a worker process has not answered for {_longestAnswer.TotalSeconds} s.");
        }
    }
}
