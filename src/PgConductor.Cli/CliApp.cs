using System.CommandLine;
using System.CommandLine.Help;
using PgConductor.Cli.Commands;
using PgConductor.Cli.Output;

namespace PgConductor.Cli;

/// <summary>The command line as a function: arguments in, exit code out.</summary>
internal sealed class CliApp(CliEnvironment environment)
{
    public async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        var globals = new GlobalOptions();
        var root = CommandTree.Build(globals, environment);

        // No response files: a payload or a key may start with @.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var output = new CommandOutput(environment, parsed.GetValue(globals.Json));
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction)
        {
            return Refuse(parsed, output);
        }

        try
        {
            var configuration = new InvocationConfiguration
            {
                Output = environment.Out,
                Error = environment.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(configuration, environment.Stop);
        }
        catch (OperationCanceledException) when (environment.Stop.IsCancellationRequested)
        {
            output.WriteError(new CliException(ExitCodes.Interrupted, "interrupted", "Interrupted."));
            return ExitCodes.Interrupted;
        }
        catch (Exception exception) when (CliException.From(exception) is { } error)
        {
            output.WriteError(error);
            return error.ExitCode;
        }
    }

    private static int Refuse(ParseResult parsed, CommandOutput output)
    {
        var command = CommandTree.NameOf(parsed.CommandResult.Command);
        var faults = parsed.Errors.Select(error => error.Message).Distinct(StringComparer.Ordinal);
        output.WriteError(CliException.Usage($"{string.Join(" ", faults)} See {command} --help."));
        return ExitCodes.Usage;
    }
}
