using Npgsql;
using PgConductor.Postgres;
using Xunit;

namespace PgConductor.UnitTests.Postgres;

public sealed class PostgresUrlTests
{
    [Theory]
    [InlineData("postgres://db.example", "db.example", 5432, null, null, null)]
    [InlineData("postgresql://db.example:6543", "db.example", 6543, null, null, null)]
    [InlineData("POSTGRES://db.example/shop", "db.example", 5432, "shop", null, null)]
    [InlineData("postgres://app@db.example/shop", "db.example", 5432, "shop", "app", null)]
    [InlineData("postgres://app:secret@db.example:6543/shop", "db.example", 6543, "shop", "app", "secret")]
    [InlineData("  postgres://app:secret@db.example/shop\n", "db.example", 5432, "shop", "app", "secret")]
    [InlineData("postgres://a%40b:p%3Aq%2Fr%3Fs%40t%23u%25v%20w@db.example/my%2Fdb", "db.example", 5432, "my/db", "a@b", "p:q/r?s@t#u%v w")]
    [InlineData("postgres://app:a+b@db.example/shop", "db.example", 5432, "shop", "app", "a+b")]
    [InlineData("postgres://app:two;words='quoted'@db.example/shop", "db.example", 5432, "shop", "app", "two;words='quoted'")]
    [InlineData("postgres://app:caf%C3%A9@db.example/shop", "db.example", 5432, "shop", "app", "café")]
    [InlineData("postgres://app:@db.example/shop", "db.example", 5432, "shop", "app", null)]
    [InlineData("postgres://app:a:b@db.example/shop", "db.example", 5432, "shop", "app", "a:b")]
    [InlineData("postgres://app@[::1]:6543/shop", "[::1]", 6543, "shop", "app", null)]
    [InlineData("postgres://app@[2001:db8::7]/shop", "[2001:db8::7]", 5432, "shop", "app", null)]
    [InlineData("postgres://app@%2Fvar%2Frun%2Fpostgresql/shop", "/var/run/postgresql", 5432, "shop", "app", null)]
    [InlineData("postgres:///shop?host=/var/run/postgresql&user=app", "/var/run/postgresql", 5432, "shop", "app", null)]
    [InlineData("postgres://db.example/?dbname=shop&user=app&password=a%26b&port=7000", "db.example", 7000, "shop", "app", "a&b")]
    public void A_url_becomes_its_parts(string url, string host, int port, string? database, string? user, string? password)
    {
        var parts = new NpgsqlConnectionStringBuilder(PostgresUrl.ToConnectionString(url));

        Assert.Equal((host, port, database, user, password), (parts.Host, parts.Port, parts.Database, parts.Username, parts.Password));
    }

    [Theory]
    [InlineData("disable", SslMode.Disable)]
    [InlineData("allow", SslMode.Allow)]
    [InlineData("prefer", SslMode.Prefer)]
    [InlineData("require", SslMode.Require)]
    [InlineData("verify-ca", SslMode.VerifyCA)]
    [InlineData("verify-full", SslMode.VerifyFull)]
    public void Every_sslmode_of_libpq_is_understood(string mode, SslMode expected)
    {
        var parts = new NpgsqlConnectionStringBuilder(PostgresUrl.ToConnectionString($"postgres://db.example/shop?sslmode={mode}"));

        Assert.Equal(expected, parts.SslMode);
    }

    [Fact]
    public void The_parameters_that_hosting_providers_append_are_understood()
    {
        var parts = new NpgsqlConnectionStringBuilder(
            PostgresUrl.ToConnectionString(
                "postgres://app:s@db.example/shop?sslmode=require&channel_binding=require&application_name=my%20app&connect_timeout=7"
                    + "&target_session_attrs=read-write&options=-c%20statement_timeout%3D5s&gssencmode=disable&sslnegotiation=direct"
            )
        );

        Assert.Equal(SslMode.Require, parts.SslMode);
        Assert.Equal(ChannelBinding.Require, parts.ChannelBinding);
        Assert.Equal("my app", parts.ApplicationName);
        Assert.Equal(7, parts.Timeout);
        Assert.Equal("read-write", parts.TargetSessionAttributes);
        Assert.Equal("-c statement_timeout=5s", parts.Options);
        Assert.Equal(GssEncryptionMode.Disable, parts.GssEncryptionMode);
        Assert.Equal(SslNegotiation.Direct, parts.SslNegotiation);
    }

    [Fact]
    public void Keywords_of_Npgsql_may_be_parameters()
    {
        var parts = new NpgsqlConnectionStringBuilder(PostgresUrl.ToConnectionString("postgres://db.example/shop?Maximum%20Pool%20Size=7&pooling=false"));

        Assert.Equal((7, false), (parts.MaxPoolSize, parts.Pooling));
    }

    [Fact]
    public void Ssl_true_means_require()
    {
        var parts = new NpgsqlConnectionStringBuilder(PostgresUrl.ToConnectionString("postgres://db.example/shop?ssl=true"));

        Assert.Equal(SslMode.Require, parts.SslMode);
    }

    [Fact]
    public void Several_hosts_keep_their_ports()
    {
        var parts = new NpgsqlConnectionStringBuilder(PostgresUrl.ToConnectionString("postgres://app@one.example:6001,two.example,three.example:6003/shop"));

        Assert.Equal("one.example:6001,two.example,three.example:6003", parts.Host);
    }

    [Fact]
    public void A_connection_string_stays_what_it_is()
    {
        var parts = new NpgsqlConnectionStringBuilder(PostgresUrl.ToConnectionString("Server=db.example;User ID=app;Password='a;b';Database=shop;Timeout=9"));

        Assert.Equal(("db.example", "app", "a;b", "shop", 9), (parts.Host, parts.Username, parts.Password, parts.Database, parts.Timeout));
    }

    [Theory]
    [InlineData("postgres://app:hunter2@/shop", "no host")]
    [InlineData("Username=app;Password=hunter2", "no Host")]
    [InlineData("mysql://app:hunter2@db.example/shop", "mysql://")]
    [InlineData("hunter2", "neither a URL nor")]
    [InlineData("postgres://app:hun/ter2@db.example/shop", "'/' as %2F")]
    [InlineData("postgres://app:12?hunter2@db.example/shop", "a parameter has no value")]
    [InlineData("postgres://app:hunter2#@db.example/shop", "%23")]
    [InlineData("postgres://app:hunter2%zz@db.example/shop", "write it as %25")]
    [InlineData("postgres://app:hunter2%4@db.example/shop", "write it as %25")]
    [InlineData("postgres://app:hunter2@db.example:99999/shop", "no port number")]
    [InlineData("postgres://app:hunter2@db.example/shop?pgbouncer=true", "'pgbouncer' is not known")]
    [InlineData("postgres://app:hunter2@db.example/shop?sslmode=hunter2", "'sslmode' has a value")]
    [InlineData("postgres://app:hunter2@db.example/shop?sslmode", "'sslmode' has no value")]
    [InlineData("Host=db.example;Password=hunter2;Prot=5432", "'Prot' is not known")]
    [InlineData("Host=db.example;Password=hunter2;Port=many", "'Port' has a value")]
    public void A_mistake_is_named_and_no_secret_is_repeated(string text, string fault)
    {
        var error = Assert.Throws<LocalPostgresException>(() => PostgresUrl.ToConnectionString(text));

        Assert.Equal(LocalPostgresErrors.InvalidConnection, error.Code);
        Assert.Contains(fault, error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("ter2", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://x", true)]
    [InlineData("PostgreSQL://x", true)]
    [InlineData("Host=x;Password=postgres://", false)]
    public void A_url_is_told_from_a_connection_string(string text, bool expected) => Assert.Equal(expected, PostgresUrl.IsUrl(text));
}
