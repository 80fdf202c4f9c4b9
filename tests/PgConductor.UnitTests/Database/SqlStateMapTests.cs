using System.Net.Sockets;
using Npgsql;
using PgConductor.Database;
using Xunit;

namespace PgConductor.UnitTests.Database;

public sealed class SqlStateMapTests
{
    /// <summary>Every state that must be tried again, listed once more so that none disappears unnoticed.</summary>
    public static TheoryData<string> TransientStates =>
    [
        "08000", "08001", "08003", "08004", "08006", "08007", "25006", "40001", "40003", "40P01", "53000", "53100", "53200", "53300", "53400",
        "55006", "55P03", "57014", "57P01", "57P02", "57P03", "57P05", "58000", "58030",
    ];

    [Theory]
    [MemberData(nameof(TransientStates))]
    public void A_state_that_may_pass_is_transient(string state)
    {
        var translated = Translate(State(state));

        Assert.True(translated.IsTransient, state);
        Assert.True(SqlStateMap.IsTransient(translated));
    }

    [Fact]
    public void The_table_has_nothing_else()
    {
        Assert.Equal(TransientStates.Select(row => row.Data).Where(state => state != "57014").Order(), SqlStateMap.Transient.Keys.Order());
        Assert.All(SqlStateMap.Transient.Values, why => Assert.NotEqual("", why));
    }

    [Theory]
    [InlineData("PC001", ConductorErrorCode.NotRegistered)]
    [InlineData("PC002", ConductorErrorCode.UnknownQueue)]
    [InlineData("PC003", ConductorErrorCode.DedupeConflict)]
    [InlineData("PC004", ConductorErrorCode.InvalidArgument)]
    [InlineData("PC005", ConductorErrorCode.QueueInUse)]
    [InlineData("PC006", ConductorErrorCode.QueueFixed)]
    [InlineData("PC007", ConductorErrorCode.NotFound)]
    [InlineData("PC008", ConductorErrorCode.StepRejected)]
    [InlineData("3F000", ConductorErrorCode.Schema)]
    [InlineData("42P01", ConductorErrorCode.Schema)]
    [InlineData("42883", ConductorErrorCode.Schema)]
    [InlineData("28P01", ConductorErrorCode.Unavailable)]
    [InlineData("28000", ConductorErrorCode.Unavailable)]
    [InlineData("3D000", ConductorErrorCode.Unavailable)]
    [InlineData("22P05", ConductorErrorCode.Database)]
    [InlineData("23505", ConductorErrorCode.Database)]
    [InlineData("42501", ConductorErrorCode.Database)]
    [InlineData("XX000", ConductorErrorCode.Database)]
    public void A_state_that_will_not_pass_has_its_code_and_is_not_transient(string state, string code)
    {
        var translated = Translate(State(state));

        Assert.Equal((code, false), (translated.Code, translated.IsTransient));
        Assert.IsType<PostgresException>(translated.InnerException);
        Assert.Contains("the message", translated.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Own_codes_are_all_of_the_table_and_keep_the_hint()
    {
        Assert.Equal(10, SqlStateMap.Own.Count);
        Assert.Equal("the message. the hint", Translate(State("PC004", "the hint")).Message);
        Assert.Equal("XX000: the message. the hint", Translate(State("XX000", "the hint")).Message);
    }

    [Fact]
    public void Errors_of_the_way_to_the_server_are_transient()
    {
        Assert.Equal((ConductorErrorCode.Timeout, true), Both(new NpgsqlException("x", new TimeoutException())));
        Assert.Equal((ConductorErrorCode.Timeout, true), Both(State("57014")));
        Assert.Equal((ConductorErrorCode.Unavailable, true), Both(new NpgsqlException("x", new IOException())));
        Assert.Equal((ConductorErrorCode.Unavailable, true), Both(new NpgsqlException("x", new SocketException(111))));
        Assert.Equal((ConductorErrorCode.Unavailable, true), Both(new SocketException(111)));
        Assert.Equal((ConductorErrorCode.Unavailable, true), Both(new IOException()));
        Assert.Equal((ConductorErrorCode.Unavailable, false), Both(new NpgsqlException("no such option")));
        Assert.True(SqlStateMap.IsTransient(new TimeoutException()));
        Assert.False(SqlStateMap.IsTransient(new InvalidOperationException()));
    }

    [Fact]
    public void Ours_cancellations_and_strangers_stay_as_they_are()
    {
        foreach (var exception in new Exception[] { new ConductorException("c", "m"), new OperationCanceledException(), new TaskCanceledException(), new InvalidOperationException() })
        {
            Assert.Same(exception, SqlStateMap.Translate(exception));
        }
    }

    [Theory]
    [InlineData("22P05", true)]
    [InlineData("22021", true)]
    [InlineData("23514", true)]
    [InlineData("54000", true)]
    [InlineData("40001", false)]
    [InlineData("53300", false)]
    [InlineData("PC004", false)]
    public void Only_errors_of_the_data_are_data_errors(string state, bool expected)
    {
        Assert.Equal(expected, SqlStateMap.IsDataError(State(state)));
        Assert.Equal(expected, SqlStateMap.IsDataError(SqlStateMap.Translate(State(state))));
        Assert.False(SqlStateMap.IsDataError(new InvalidOperationException()));
    }

    private static PostgresException State(string state, string? hint = null) => new("the message", "ERROR", "ERROR", state, hint: hint);

    private static ConductorException Translate(Exception exception) => Assert.IsType<ConductorException>(SqlStateMap.Translate(exception));

    private static (string Code, bool IsTransient) Both(Exception exception) => (Translate(exception).Code, Translate(exception).IsTransient);
}
