using PgConductor.Postgres;
using PgConductor.Postgres.Binaries;
using PgConductor.Postgres.Servers;
using Xunit;

namespace PgConductor.UnitTests.Postgres;

public sealed class ServerCommandTests
{
    [Fact]
    public void Settings_of_the_caller_come_after_the_defaults_and_before_what_is_fixed()
    {
        string line = string.Join(' ', Command(("max_connections", "7"), ("fsync", "off")).Arguments);

        Assert.StartsWith("-D /data -p 6000 ", line, StringComparison.Ordinal);
        Assert.True(line.IndexOf("max_connections=200", StringComparison.Ordinal) < line.IndexOf("max_connections=7", StringComparison.Ordinal));
        Assert.True(line.IndexOf("fsync=off", StringComparison.Ordinal) < line.IndexOf("listen_addresses=127.0.0.1", StringComparison.Ordinal));
    }

    [Fact]
    public void Commits_are_durable_unless_the_caller_says_otherwise()
    {
        string line = string.Join(' ', Command().Arguments);

        Assert.DoesNotContain("fsync", line, StringComparison.Ordinal);
        Assert.DoesNotContain("synchronous_commit", line, StringComparison.Ordinal);
        Assert.DoesNotContain("full_page_writes", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("work_mem", "8MB")]
    [InlineData("pg_stat_statements.max", "100")]
    [InlineData("log_line_prefix", "%m 'x' \"y\" ")]
    public void Ordinary_settings_are_allowed(string name, string value) => ServerSettings.Validate(One(name, value));

    [Theory]
    [InlineData("port", "5432", "chosen by this package")]
    [InlineData("Listen_Addresses", "*", "chosen by this package")]
    [InlineData("hba_file", "/tmp/x", "chosen by this package")]
    [InlineData("work_mem=1 -c fsync", "off", "not the name of a server setting")]
    [InlineData("", "x", "not the name of a server setting")]
    [InlineData("work_mem", "8MB\nfsync=off", "must be one line")]
    public void Settings_that_would_break_the_server_out_of_its_box_are_refused(string name, string value, string fault)
    {
        var error = Assert.Throws<LocalPostgresException>(() => ServerSettings.Validate(One(name, value)));

        Assert.Equal(LocalPostgresErrors.InvalidOption, error.Code);
        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_bad_setting_is_named_in_one_message()
    {
        var error = Assert.Throws<LocalPostgresException>(() =>
            ServerSettings.Validate(new Dictionary<string, string> { ["port"] = "1", ["two words"] = "x", ["fsync"] = "off" })
        );

        Assert.Contains("'port'", error.Message, StringComparison.Ordinal);
        Assert.Contains("'two words'", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("fsync", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Arguments_for_Windows_are_quoted() =>
        Assert.Equal("\"-c\" \"log_line_prefix=a b\" \"dir=C:\\x\\\\\"", WindowsArguments.Join(["-c", "log_line_prefix=a b", "dir=C:\\x\\"]));

    [Theory]
    [InlineData("log_line_prefix=%m")]
    [InlineData("x=\"y\"")]
    public void Arguments_that_the_Windows_interpreter_would_change_are_refused(string argument) =>
        Assert.Equal(LocalPostgresErrors.InvalidOption, Assert.Throws<LocalPostgresException>(() => WindowsArguments.Join([argument])).Code);

    private static ServerCommand Command(params (string Name, string Value)[] settings) =>
        new(new ServerBinaries("/bin", 15), "/data", 6000, settings.ToDictionary(setting => setting.Name, setting => setting.Value));

    private static Dictionary<string, string> One(string name, string value) => new() { [name] = value };
}
