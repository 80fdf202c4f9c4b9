namespace PgConductor.Cli.Config;

/// <summary>One thing wrong in a config file.</summary>
/// <param name="Path">Where: "tasks.digest.timeout"; empty for the whole file.</param>
/// <param name="Message">The value that was seen and the remedy.</param>
internal sealed record ConfigFault(string Path, string Message)
{
    public override string ToString() => Path.Length == 0 ? Message : $"{Path}: {Message}";
}
