namespace PgConductor.Cli;

/// <summary>Everything a command touches of the process it runs in, so that a test can be one.</summary>
internal sealed record CliEnvironment
{
    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Whether a person looks at standard output: tables and progress instead of plain lines.</summary>
    public bool Interactive { get; init; }

    public string WorkingDirectory { get; init; } = Environment.CurrentDirectory;

    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The first SIGTERM or SIGINT: end gracefully.</summary>
    public CancellationToken Stop { get; init; }

    /// <summary>The second: end now.</summary>
    public CancellationToken StopNow { get; init; }
}
