using System.Text;
using PgConductor.Cli.Tasks;
using Xunit;

namespace PgConductor.CliTests.Tasks;

public sealed class OutputTailTests
{
    [Theory]
    [InlineData(8, "abcdefgh", "abcdefgh")]
    [InlineData(8, "abcdefghi", "bcdefghi")]
    [InlineData(8, "0123456789abcdefghijklmnop", "ijklmnop")]
    [InlineData(8, "", "")]
    [InlineData(4, "éééa", "éa")]
    public void It_keeps_the_last_bytes_whatever_the_pieces(int capacity, string text, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var piece = 1; piece <= bytes.Length + 1; piece++)
        {
            var tail = new OutputTail(capacity);
            foreach (var chunk in bytes.Chunk(piece))
            {
                tail.Append(chunk);
            }

            Assert.Equal(expected, tail.ToString());
        }
    }
}
