using System.Diagnostics;
using Npgsql;
using PgConductor.RepositoryTests.Support;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.RepositoryTests.Docs;

public sealed class BashBlockTests
{
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(15);

    public static TheoryData<string> Runnable =>
        [.. Markdown.Documents.SelectMany(Markdown.Blocks).Where(block => block.Language == "bash" && BashBlocks.Kind(block) == BashKind.Run).Select(block => block.ToString())];

    /// <summary>In the root of the repository, as a reader would, with DATABASE_URL naming an empty database.</summary>
    [Theory]
    [MemberData(nameof(Runnable))]
    public async Task It_runs(string place)
    {
        var block = Markdown.Documents.SelectMany(Markdown.Blocks).Single(block => block.ToString() == place);
        await using var database = await TestDatabase.CreateEmptyAsync();

        var (code, output) = await BashAsync(block.Text, database.ConnectionString);

        Assert.True(code == 0, $"{place} ended with exit code {code}:\n{output}");
    }

    [Fact]
    public async Task A_block_that_fails_in_the_middle_fails()
    {
        var (code, output) = await BashAsync("echo before\nfalse\necho after\n", "Host=nowhere");

        Assert.NotEqual(0, code);
        Assert.Equal("before", output.Trim());
    }

    private static async Task<(int Code, string Output)> BashAsync(string script, string connectionString)
    {
        var connection = new NpgsqlConnectionStringBuilder(connectionString);
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", script])
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DATABASE_URL"] = $"postgres://{connection.Username}:{Uri.EscapeDataString(connection.Password ?? "")}@{connection.Host}:{connection.Port}/{connection.Database}";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(_longest);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        return (process.ExitCode, await output + await errors);
    }
}
