using System.Text.Json;
using PgConductor.Cli;
using Xunit;

namespace PgConductor.CliTests;

/// <summary>What a command left behind.</summary>
internal sealed record CliResult(int ExitCode, string Out, string Error)
{
    /// <summary>The JSON lines of standard output.</summary>
    public IReadOnlyList<JsonElement> Lines => [.. Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    public JsonElement Document => Assert.Single(Lines);

    public CliResult Expect(int exitCode)
    {
        Assert.True(ExitCode == exitCode, $"exit code {ExitCode}, expected {exitCode}\nout: {Out}\nerror: {Error}");
        return this;
    }
}

/// <summary>The command line in this process, reading and writing buffers.</summary>
internal static class Cli
{
    public static async Task<CliResult> Run(string? connection, params string[] args) => await Run(connection, Environment(connection), args);

    public static async Task<CliResult> Run(string? connection, CliEnvironment environment, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await new CliApp(environment with { Out = TextWriter.Synchronized(output), Error = TextWriter.Synchronized(error) }).RunAsync(args);
        return new CliResult(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>An environment in which only DATABASE_URL and PATH are set.</summary>
    public static CliEnvironment Environment(string? connection) => new()
    {
        Out = TextWriter.Null,
        Error = TextWriter.Null,
        OpenInput = () => new MemoryStream("""{"msg":"from standard input"}"""u8.ToArray()),
        Variable = name => name switch
        {
            "DATABASE_URL" => connection,
            "PATH" => System.Environment.GetEnvironmentVariable("PATH"),
            _ => null,
        },
        Stop = TestContext.Current.CancellationToken,
    };
}
