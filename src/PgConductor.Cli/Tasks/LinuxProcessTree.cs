using System.Globalization;
using System.Text;

namespace PgConductor.Cli.Tasks;

/// <summary>Finds a program's processes in /proc: those that carry its mark in their environment or are in its session.</summary>
/// <remarks>
/// A grandchild whose parent has died belongs to process 1, and one that called setsid to no session of ours: only the
/// inherited mark still tells. What clears its environment and leaves the session both is out of reach.
/// </remarks>
internal sealed class LinuxProcessTree(int root, Guid run, TimeProvider timeProvider) : ProcessTree
{
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan _killLimit = TimeSpan.FromSeconds(5);

    private readonly byte[] _mark = Encoding.ASCII.GetBytes($"{Variable}={run}");

    public override async Task EndAsync(TimeSpan grace)
    {
        if (grace > TimeSpan.Zero)
        {
            Signal(Signals.Terminate);
            await WaitUntilGoneAsync(grace, signal: null);
        }

        // Again and again: one that is killed may have forked a moment before.
        await WaitUntilGoneAsync(_killLimit, Signals.Kill);
    }

    private async Task WaitUntilGoneAsync(TimeSpan limit, int? signal)
    {
        var start = timeProvider.GetTimestamp();
        while (Find() is { Count: > 0 } alive)
        {
            if (signal is { } kill)
            {
                alive.ForEach(pid => Signals.Send(pid, kill));
            }

            if (timeProvider.GetElapsedTime(start) > limit)
            {
                return;
            }

            await Task.Delay(_look, timeProvider);
        }
    }

    private void Signal(int signal) => Find().ForEach(pid => Signals.Send(pid, signal));

    private List<int> Find()
    {
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Belongs(pid, folder))
            {
                found.Add(pid);
            }
        }

        return found;
    }

    private bool Belongs(int pid, string folder)
    {
        try
        {
            var (state, session) = ReadStat(folder);
            return state != 'Z' && (pid == root || session == root || File.ReadAllBytes($"{folder}/environ").AsSpan().IndexOf(_mark) >= 0);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It has ended, or is another user's.
            return false;
        }
    }

    private static (char State, int Session) ReadStat(string folder)
    {
        // "pid (name) state parent group session ...", and the name may hold anything.
        var text = File.ReadAllText($"{folder}/stat");
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ', 5);
        return (fields[0][0], int.Parse(fields[3], CultureInfo.InvariantCulture));
    }
}
