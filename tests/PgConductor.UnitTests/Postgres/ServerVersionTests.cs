using PgConductor.Postgres.Binaries;
using Xunit;

namespace PgConductor.UnitTests.Postgres;

public sealed class ServerVersionTests
{
    [Theory]
    [InlineData("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", 15)]
    [InlineData("postgres (PostgreSQL) 18.4", 18)]
    [InlineData("postgres (PostgreSQL) 17.5 (Homebrew)", 17)]
    [InlineData("postgres (PostgreSQL) 19devel", 19)]
    [InlineData("postgres (PostgreSQL) 18beta1", 18)]
    [InlineData("postgres (PostgreSQL) 18rc2\n", 18)]
    [InlineData("postgres (PostgreSQL) 9.6.24", 9)]
    [InlineData("postgres (PostgreSQL) fifteen", null)]
    [InlineData("mysqld  Ver 8.0.36", null)]
    [InlineData("", null)]
    public void The_major_version_is_read(string text, int? major) => Assert.Equal(major, ServerVersion.ParseMajor(text));
}
