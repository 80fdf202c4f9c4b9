using System.CommandLine;
using System.CommandLine.Help;
using System.Text.RegularExpressions;
using PgConductor.Cli;
using PgConductor.Cli.Commands;
using Xunit;

namespace PgConductor.CliTests.Docs;

/// <summary>docs/reference/cli.md has every command, option and exit code, and no other.</summary>
public sealed partial class CliReferenceTests
{
    private static readonly string _page = Checkout.Read("docs/reference/cli.md");

    [Fact]
    public void The_page_has_the_commands_of_the_program() =>
        Assert.Equal(Leaves().Select(CommandTree.NameOf).Order(StringComparer.Ordinal), Sections().Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Each_command_has_its_options()
    {
        var sections = Sections();
        foreach (var command in Leaves())
        {
            Assert.Equal((CommandTree.NameOf(command), Names(command)), (CommandTree.NameOf(command), string.Join(" ", OptionRow().Matches(sections[CommandTree.NameOf(command)]).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal))));
        }

        static string Names(Command command) => string.Join(" ", command.Options.Select(option => option.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_options_of_every_command_are_listed()
    {
        var globals = Tree().Options.Where(option => option is not HelpOption and not VersionOption).Select(option => option.Name);
        var section = _page.Split("## Options of every command", 2)[1].Split("\n## ", 2)[0];

        Assert.Equal(globals, OptionRow().Matches(section).Select(match => match.Groups[1].Value));
    }

    [Fact]
    public async Task The_exit_codes_are_one_table()
    {
        var documented = ExitCodeRow().Matches(_page.Split("## Exit codes", 2)[1].Split("\n## ", 2)[0]).Select(match => (int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), match.Groups[2].Value));
        Assert.Equal(ExitCodes.All.Select(code => (code.Code, code.Meaning)), documented);

        var help = (await Cli.Run(null, "--help")).Expect(0).Out;
        foreach (var (code, meaning) in ExitCodes.All)
        {
            Assert.Contains($"{code}  {meaning}", help, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Every_command_explains_itself()
    {
        foreach (var command in Leaves())
        {
            var help = (await Cli.Run(null, [.. CommandTree.NameOf(command).Split(' ')[1..], "--help"])).Expect(0);
            Assert.Contains(command.Description!, help.Out, StringComparison.Ordinal);
            Assert.Contains($"Usage:\n  {CommandTree.NameOf(command)}", help.Out.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        }
    }

    private static RootCommand Tree() => CommandTree.Build(new GlobalOptions(), Cli.Environment(null));

    private static IEnumerable<Command> Leaves() => Leaves(Tree());

    private static IEnumerable<Command> Leaves(Command command) =>
        command.Subcommands.Count == 0 ? [command] : command.Subcommands.SelectMany(Leaves);

    private static Dictionary<string, string> Sections() =>
        CommandHeading().Split(_page.Split("## Commands", 2)[1].Split("\n## ", 2)[0]).Skip(1).Chunk(2).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);

    [GeneratedRegex("^### `([^`]+)`$", RegexOptions.Multiline)]
    private static partial Regex CommandHeading();

    [GeneratedRegex(@"^\| `(--[a-z-]+)", RegexOptions.Multiline)]
    private static partial Regex OptionRow();

    [GeneratedRegex(@"^\| (\d+) \| (.+) \|$", RegexOptions.Multiline)]
    private static partial Regex ExitCodeRow();
}
