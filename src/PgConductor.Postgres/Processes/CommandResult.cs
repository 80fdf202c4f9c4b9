namespace PgConductor.Postgres.Processes;

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">Its exit code; <see cref="NotStarted"/> when the program could not be run, <see cref="TimedOut"/> when it took too long.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error, or why the command has no exit code of its own.</param>
internal sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    public const int NotStarted = -1;
    public const int TimedOut = -2;

    public bool Succeeded => ExitCode == 0;

    /// <summary>The last lines of what the command said, for an error message.</summary>
    public string Tail(int lines = 12)
    {
        string text = string.Join('\n', new[] { Output.Trim(), Errors.Trim() }.Where(part => part.Length > 0));
        string[] all = text.Split('\n');
        return string.Join('\n', all.Skip(Math.Max(0, all.Length - lines)));
    }
}
