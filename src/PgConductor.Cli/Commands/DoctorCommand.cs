using System.CommandLine;
using PgConductor.Cli.Diagnosis;

namespace PgConductor.Cli.Commands;

/// <summary>pgconductor doctor.</summary>
internal static class DoctorCommand
{
    public static Command Build(Func<ParseResult, CommandContext> context)
    {
        var strict = new Option<bool>("--strict") { Description = "Exit code 1 for warnings too." };
        var command = new Command("doctor", "Checks the database, the schema, the processes and the backlog, and says what to do about each fault.") { strict };
        command.SetAction((parsed, token) => RunAsync(context(parsed), parsed.GetValue(strict), token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, bool strict, CancellationToken cancellationToken)
    {
        await using var database = await context.OpenAsync(TimeSpan.FromSeconds(2));
        var findings = await new Doctor(database.Conductor, database.Description, context.Environment.TimeProvider).ExamineAsync(cancellationToken);
        var worst = findings.Max(finding => finding.Status);
        if (context.Output.Json)
        {
            context.Output.Write(new { Status = worst, Checks = findings }, "");
        }
        else
        {
            foreach (var (check, status, message, remedy) in findings)
            {
                var mark = status switch { CheckStatus.Ok => "ok     ", CheckStatus.Warning => "warning", _ => "error  " };
                context.Output.WriteText($"{mark}  {check,-14} {message}{(remedy is null ? "" : $"\n{"",25}-> {remedy}")}");
            }
        }

        return findings.Any(finding => finding is { Check: "connection", Status: CheckStatus.Error }) ? ExitCodes.Unavailable
            : worst == CheckStatus.Error || (strict && worst == CheckStatus.Warning) ? ExitCodes.Failed
            : ExitCodes.Ok;
    }
}
