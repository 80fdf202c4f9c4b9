using System.Diagnostics;

namespace PgConductor.Bench.Workloads;

/// <summary>This program once more, as a process of its own.</summary>
internal static class ChildProgram
{
    /// <summary>How to start it; settings go through the environment, because a password has no place in an argument list, which everybody can read.</summary>
    public static ProcessStartInfo Start(string verb)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
        {
            start.ArgumentList.Add(typeof(ChildProgram).Assembly.Location);
        }

        start.ArgumentList.Add(verb);
        return start;
    }
}
