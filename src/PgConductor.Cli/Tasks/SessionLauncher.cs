using System.Diagnostics;

namespace PgConductor.Cli.Tasks;

/// <summary>Starts a program in a session of its own where the machine can: out of reach of the terminal's Ctrl-C.</summary>
internal static class SessionLauncher
{
    private static readonly Lazy<string?> _setsid = new(() => OperatingSystem.IsWindows() ? null : Find("setsid"));

    public static void Apply(ProcessStartInfo start, string program, IReadOnlyList<string> arguments)
    {
        if (_setsid.Value is { } setsid)
        {
            // Not a group's leader, so setsid replaces itself by the program: the process id stays.
            start.FileName = setsid;
            start.ArgumentList.Add(program);
        }
        else
        {
            start.FileName = program;
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
    }

    private static string? Find(string name) => Config.ProgramPath.Find(name, "/", _ => "/usr/bin:/bin", out _);
}
